internal import CCrypto
public import MQCore

/// The digests of libcrypto, opened when first used and never linked.
public struct Crypto: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    private let api: UnsafePointer<ccrypto_api>
    private let kind: UnsafeRawPointer?

    private static let loaded = Result<Crypto, TransportError> { () throws(TransportError) in
        do throws(TransportError) {
            return try Crypto(opening: "libcrypto.so.3")
        } catch {
            // Older distributions; the functions used here are the same.
            guard let older = try? Crypto(opening: "libcrypto.so.1.1") else { throw error }
            return older
        }
    }

    /// - Throws: `configuration` when libcrypto is not installed; the hint names the package.
    public static func shared() throws(TransportError) -> Crypto { try loaded.get() }

    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("libcrypto", packages: "apt-get install libssl3, dnf install openssl-libs") { ccrypto_open($0, name) }
        kind = api.pointee.kind_sha256()
    }

    /// SHA-256 (FIPS 180-4), 32 bytes.
    public func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { place, count in
            _ = api.pointee.sha256(bytes, bytes.count, place.baseAddress)
            count = 32
        }
    }

    /// HMAC-SHA256 (RFC 2104).
    public func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { place, count in
            _ = api.pointee.hmac(kind, key, Int32(key.count), bytes, bytes.count, place.baseAddress, nil)
            count = 32
        }
    }

    /// MD5 (RFC 1321), with which SQS answers for what it took.
    public func md5(_ bytes: UnsafeRawBufferPointer) -> MD5 {
        var digest = MD5()
        withUnsafeMutableBytes(of: &digest) { place in
            _ = api.pointee.md5(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, place.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
        return digest
    }
}
