import MQCore

/// The first 64 bytes of each side (RFC 23): a signature, a version, a mechanism.
///
/// All of them may be sent at once: libzmq, which sends 10, then 1, then 53, waits for none of its peer's before the first 10.
public struct Greeting: Sendable, Equatable {
    /// Bytes of a greeting.
    public static let size = 64

    /// The minor version decides how subscriptions are sent, messages up to 0, commands from 1, and whether there are PINGs: from 1 on.
    public var minor: UInt8
    /// `NULL`, `PLAIN`, `CURVE`: 20 bytes padded with NUL, all of which are compared.
    public var mechanism: String
    /// For the server of PLAIN and CURVE; libzmq neither sends nor reads it.
    public var isServer: Bool

    /// A greeting of ZMTP 3.1 without security where nothing else is said.
    public init(minor: UInt8 = 1, mechanism: String = "NULL", isServer: Bool = false) {
        (self.minor, self.mechanism, self.isServer) = (minor, mechanism, isServer)
    }

    /// The greeting as it is sent, `size` bytes.
    public var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        (bytes[0], bytes[8], bytes[9], bytes[10], bytes[11]) = (0xff, 0x01, 0x7f, 3, minor)
        for (place, byte) in mechanism.utf8.prefix(20).enumerated() { bytes[12 + place] = byte }
        bytes[32] = isServer ? 1 : 0
        return bytes
    }

    /// What the first bytes of a peer are.
    public enum Reading: Sendable, Equatable {
        /// More bytes are needed; those so far may still be ZMTP 3.
        case incomplete
        case greeting(Greeting)
        case foreign(ForeignPeer)
    }

    /// Reads what has arrived, from its first byte. The padding and what comes behind byte 32 are ignored, as libzmq does.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let first = bytes.first else { return .incomplete }
        guard first == 0xff else {
            return ForeignPeer(beginning: bytes).map { .foreign($0) } ?? (bytes.count < 16 ? .incomplete : .foreign(.unknown))
        }
        guard bytes.count > 9 else { return .incomplete }
        if bytes[9] & 1 == 0 { return .foreign(.zmtp1) }
        guard bytes.count > 10 else { return .incomplete }
        if bytes[10] < 3 { return .foreign(.zmtp2) }
        guard bytes.count >= size else { return .incomplete }
        let name = bytes[12..<32]
        let end = name.firstIndex(of: 0) ?? name.endIndex
        // Bytes behind the first NUL make it another mechanism for libzmq, and then no connection.
        guard name[end...].allSatisfy({ $0 == 0 }) else { return .foreign(.unknown) }
        let minor = bytes[10] > 3 ? 1 : bytes[11]
        return .greeting(
            Greeting(minor: minor, mechanism: String(printing: name[..<end], most: 20), isServer: bytes[32] & 1 == 1))
    }
}
