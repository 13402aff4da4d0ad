import MQCore
import MQNet

/// Signatures by which a worker knows that a request is from here and is new: Standard Webhooks 1.0
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
struct WebhookSigner: Sendable {
    private let keys: [[UInt8]]
    private let crypto: Crypto

    /// - Parameter files: one key each; two while one replaces the other.
    /// - Throws: `inputOutput`, `permission` for a file that cannot be read; `configuration` for one that holds no key, or without libcrypto.
    init(files: [String]) throws(TransportError) {
        var keys: [[UInt8]] = []
        for file in files { keys.append(try Self.key(in: file)) }
        try self.init(keys: keys)
    }

    init(keys: [[UInt8]]) throws(TransportError) {
        self.keys = keys
        crypto = try Crypto.shared()
    }

    private static func key(in file: String) throws(TransportError) -> [UInt8] {
        let text = try LocalFile.contents(of: file, limit: 4096).split(whereSeparator: { $0 <= 0x20 })
        let prefix = "whsec_".utf8
        guard text.count == 1, let key = Base64.decode(text[0].dropFirst(text[0].starts(with: prefix) ? prefix.count : 0)) else {
            throw TransportError(
                .configuration, "\(file) does not hold a key for signatures", hint: "one line: whsec_ and 24 to 64 bytes in base64")
        }
        guard (24...64).contains(key.count) else {
            throw TransportError(.configuration, "\(file): the key has \(key.count) bytes; it must have 24 to 64")
        }
        return key
    }

    /// The headers for one attempt.
    /// - Parameter time: seconds since 1970; receivers refuse what is five minutes off.
    func headers(id: String, time: Int64, _ body: some Sequence<UInt8>) -> [(name: String, value: String)] {
        let signed = Array("\(id).\(time).".utf8) + body
        let signatures = keys.map { key in
            var text = Array("v1,".utf8)
            crypto.hmac(key: key, signed).withUnsafeBytes { Base64.encode($0, into: &text) }
            return String(decoding: text, as: UTF8.self)
        }
        return [("webhook-id", id), ("webhook-timestamp", "\(time)"), ("webhook-signature", signatures.joined(separator: " "))]
    }
}
