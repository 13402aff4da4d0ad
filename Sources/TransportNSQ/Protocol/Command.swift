internal import MQCore

/// What a client says, appended to bytes that go out later (nsq.io, TCP protocol spec).
enum Command {
    /// Opens a connection of version 2.
    static let magic: [UInt8] = Array("  V2".utf8)

    static func append(_ line: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: line.utf8)
        bytes.append(0x0a)
    }

    private static func append(body: some Collection<UInt8>, to bytes: inout [UInt8]) {
        append(UInt32(body.count), to: &bytes)
        bytes.append(contentsOf: body)
    }

    /// Big-endian.
    @inline(__always)
    static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    static func identify(_ json: [UInt8], into bytes: inout [UInt8]) {
        append("IDENTIFY", to: &bytes)
        append(body: json, to: &bytes)
    }

    static func auth(_ secret: [UInt8], into bytes: inout [UInt8]) {
        append("AUTH", to: &bytes)
        append(body: secret, to: &bytes)
    }

    static func subscribe(_ topic: String, _ channel: String, into bytes: inout [UInt8]) {
        append("SUB \(topic) \(channel)", to: &bytes)
    }

    /// How many messages may be in flight from now on: a standing limit, not a credit.
    static func ready(_ count: Int, into bytes: inout [UInt8]) { append("RDY \(count)", to: &bytes) }

    static func noOperation(into bytes: inout [UInt8]) { append("NOP", to: &bytes) }
    static func close(into bytes: inout [UInt8]) { append("CLS", to: &bytes) }

    @inline(__always)
    static func finish(_ id: MessageID, into bytes: inout [UInt8]) {
        append(0x4649_4e20, to: &bytes)
        withUnsafeBytes(of: id) { bytes.append(contentsOf: $0) }
        bytes.append(0x0a)
    }

    static func touch(_ id: MessageID, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "TOUCH ".utf8)
        withUnsafeBytes(of: id) { bytes.append(contentsOf: $0) }
        bytes.append(0x0a)
    }

    /// Puts a message back, to be delivered again after `delay` (whole milliseconds, at most an hour unless nsqd is told otherwise).
    static func requeue(_ id: MessageID, after delay: Duration, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "REQ ".utf8)
        withUnsafeBytes(of: id) { bytes.append(contentsOf: $0) }
        append(" \(delay.milliseconds)", to: &bytes)
    }

    /// One message, held back for `delay`.
    static func publish(_ body: UnsafeRawBufferPointer, to topic: String, after delay: Duration, into bytes: inout [UInt8]) {
        append("DPUB \(topic) \(delay.milliseconds)", to: &bytes)
        append(UInt32(body.count), to: &bytes)
        bytes.append(contentsOf: body)
    }
}

extension Duration {
    /// Whole milliseconds, rounded up: a message must not come before its time.
    var milliseconds: Int { Int(clamping: (nanoseconds &+ 999_999) / 1_000_000) }
}
