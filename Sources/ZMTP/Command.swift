import MQCore

/// A command frame's body: the length of its name, the name, data.
public struct Command: Sendable, Equatable {
    /// `READY`, `PING` and so on; printable, whatever a peer sent.
    public var name: String
    /// What stands behind the name.
    public var data: [UInt8]

    /// A command to send; its name has 1 to 255 bytes.
    public init(_ name: String, _ data: [UInt8] = []) { (self.name, self.data) = (name, data) }

    /// The whole frame.
    public var frame: [UInt8] {
        var bytes: [UInt8] = []
        let body = 1 + name.utf8.count + data.count
        bytes.reserveCapacity(body + 9)
        FrameHeader.append(flags: FrameHeader.command, size: body, to: &bytes)
        bytes.append(UInt8(truncatingIfNeeded: name.utf8.count))
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: data)
        return bytes
    }

    /// Understands a body; `nil` when the name is longer than it, or empty.
    public init?(_ body: UnsafeRawBufferPointer) {
        guard let length = body.first, length > 0, body.count > Int(length) else { return nil }
        name = String(printing: body[1...Int(length)], most: 255)
        data = Array(body[(Int(length) + 1)...])
    }

    // MARK: those that ZMTP knows

    /// A PING's context is echoed in its PONG, up to 16 bytes of it.
    public static let longestContext = 16
    /// libzmq multiplies the time to live by 100 in 16 bits: a larger one makes it hang up at once.
    public static let longestTimeToLive: UInt16 = 655

    /// - Parameter timeToLive: in tenths of a second; 0 asks for none.
    public static func ping(timeToLive: UInt16, context: [UInt8]) -> Command {
        let time = min(timeToLive, longestTimeToLive)
        return Command("PING", [UInt8(time >> 8), UInt8(time & 0xff)] + context.prefix(longestContext))
    }

    /// An ERROR (RFC 23), of whose reason 255 bytes are sent.
    public static func error(_ reason: String) -> Command {
        let text = reason.utf8.prefix(255)
        return Command("ERROR", [UInt8(text.count)] + text)
    }

    /// The reason of an ERROR, printable.
    var reason: String { String(printing: data.dropFirst().prefix(Int(data.first ?? 0))) }

    /// A number of 8 bytes, big-endian.
    static func number(_ name: String, _ value: UInt64) -> Command {
        Command(name, withUnsafeBytes(of: value.bigEndian) { Array($0) })
    }

    var number: UInt64? { data.count == 8 ? data.reduce(0) { $0 << 8 | UInt64($1) } : nil }
}
