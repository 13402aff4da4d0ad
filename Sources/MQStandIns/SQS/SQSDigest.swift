/// MD5 and SHA-256 by OpenSSL's library, opened here.
enum SQSDigest {
    static let library: LoopbackLibrary = {
        guard let library = LoopbackLibrary("libcrypto.so.3") else { preconditionFailure("the stand-in of SQS needs libssl3") }
        return library
    }()

    private typealias Function =
        @convention(c) @Sendable (UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>?
    private static let function: Function = library.function("MD5", as: Function.self)
    private static let sha256Function: Function = library.function("SHA256", as: Function.self)
    private static let digits = Array("0123456789abcdef".utf8)

    /// The digest in 32 hexadecimal digits.
    static func md5(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digest in
            _ = bytes.withUnsafeBytes { function($0.baseAddress, $0.count, digest.baseAddress!) }
            return [UInt8](unsafeUninitializedCapacity: 32) { text, count in
                for place in 0..<16 {
                    text[2 * place] = digits[Int(digest[place] >> 4)]
                    text[2 * place + 1] = digits[Int(digest[place] & 15)]
                }
                count = 32
            }
        }
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            _ = bytes.withUnsafeBytes { sha256Function($0.baseAddress, $0.count, digest.baseAddress!) }
            count = 32
        }
    }

    /// As AWS defines it: sorted by name, each part behind its length.
    static func md5(_ attributes: [SQSAttribute]) -> [UInt8] {
        var bytes: [UInt8] = []
        func part(_ value: some Collection<UInt8>) {
            withUnsafeBytes(of: UInt32(value.count).bigEndian) { bytes += $0 }
            bytes += value
        }
        for attribute in attributes.sorted(by: { $0.name < $1.name }) {
            part(Array(attribute.name.utf8))
            part(Array(attribute.type.utf8))
            bytes.append(attribute.isBinary ? 2 : 1)
            part(attribute.value)
        }
        return md5(bytes)
    }
}
