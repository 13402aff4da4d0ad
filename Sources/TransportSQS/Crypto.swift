internal import CCrypto
internal import MQCore

/// The digests of libcrypto, opened when first used and never linked.
struct Crypto: @unchecked Sendable {
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
    static func shared() throws(TransportError) -> Crypto { try loaded.get() }

    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("libcrypto", packages: "apt-get install libssl3, dnf install openssl-libs") { ccrypto_open($0, name) }
        kind = api.pointee.kind_sha256()
    }

    func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { place, count in
            _ = api.pointee.sha256(bytes, bytes.count, place.baseAddress)
            count = 32
        }
    }

    /// HMAC-SHA256 (RFC 2104).
    func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { place, count in
            _ = api.pointee.hmac(kind, key, Int32(key.count), bytes, bytes.count, place.baseAddress, nil)
            count = 32
        }
    }

    func md5(_ bytes: UnsafeRawBufferPointer) -> MD5 {
        var digest = MD5()
        withUnsafeMutableBytes(of: &digest) { place in
            _ = api.pointee.md5(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, place.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
        return digest
    }
}

/// A digest of sixteen bytes, held without an allocation.
struct MD5: Sendable, Equatable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    init() {}

    /// Reads 32 hexadecimal digits.
    init?(hex: [UInt8]) {
        guard hex.count == 32 else { return nil }
        var words: [UInt64] = [0, 0]
        for (index, byte) in hex.enumerated() {
            guard let digit = Hex.value(byte) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(digit)
        }
        (high, low) = (words[0].byteSwapped, words[1].byteSwapped)
    }
}

enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: nil
        }
    }
}
