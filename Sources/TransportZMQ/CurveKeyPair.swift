import CZMQ
public import MQCore

/// A pair of keys for CURVE, each as 40 characters of Z85 (rfc.zeromq.org/spec/32), and the files that hold them.
public struct CurveKeyPair: Sendable {
    public let publicKey: String
    public let secretKey: String

    /// Makes a new pair, with libzmq's source of random numbers.
    /// - Throws: `configuration` without libzmq, or with one that was built without CURVE.
    public static func make() throws(TransportError) -> CurveKeyPair {
        let library = try Library.shared()
        try require(library)
        return try CurveKeyPair(library)
    }

    /// - Throws: `failure` in libzmq's words.
    init(_ library: Library) throws(TransportError) {
        var (open, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
        guard library.api.pointee.curve_keypair(&open, &secret) == 0 else {
            throw library.error(library.api.pointee.error_number(), "making a pair of keys")
        }
        (publicKey, secretKey) = (Self.text(open), Self.text(secret))
    }

    /// The file of the public key as czmq's zcert writes it, which allow-keys and server-key read.
    public var publicCertificate: String { Self.certificate("Public", ["public-key": publicKey]) }
    /// The file of both keys as czmq's zcert writes it, which secret-key reads.
    public var secretCertificate: String { Self.certificate("Secret", ["public-key": publicKey, "secret-key": secretKey]) }

    private static func certificate(_ kind: String, _ keys: KeyValuePairs<String, String>) -> String {
        "#   ZeroMQ CURVE \(kind) Certificate, made by mq\nmetadata\ncurve\n"
            + keys.map { "    \($0.key) = \"\($0.value)\"\n" }.joined()
    }

    /// - Throws: `configuration` when libzmq was built without CURVE.
    static func require(_ library: Library) throws(TransportError) {
        if !library.has("curve") {
            throw TransportError(
                .configuration, "libzmq \(library.version) was built without CURVE", hint: "install a libzmq with libsodium")
        }
    }

    /// The public key that belongs to a secret one.
    /// - Throws: `failure` in libzmq's words.
    static func publicKey(of secret: String, _ library: Library) throws(TransportError) -> String {
        var open = [CChar](repeating: 0, count: 41)
        guard library.api.pointee.curve_public(&open, secret) == 0 else {
            throw library.error(library.api.pointee.error_number(), "deriving the public key")
        }
        return text(open)
    }

    private static func text(_ key: [CChar]) -> String { String(decoding: key.prefix(40).map(UInt8.init(bitPattern:)), as: UTF8.self) }
}
