internal import Glibc
internal import MQCore

/// A message as nsqd frames it: int64 time in ns, uint16 attempts, 16 bytes of id, body.
struct MessageView {
    static let headerSize = 26

    let data: UnsafeRawBufferPointer

    /// - Throws: `protocolViolation` for a frame that is too short for its header.
    @inline(__always)
    init(_ frame: Frame) throws(TransportError) {
        guard frame.data.count >= Self.headerSize else {
            throw TransportError(.protocolViolation, "nsqd sent a message of \(frame.data.count) bytes, less than its header")
        }
        data = frame.data
    }

    /// When nsqd took the message, in nanoseconds since 1970.
    var timestamp: Int64 { Int64(bigEndian: data.loadUnaligned(as: Int64.self)) }
    /// How often it was delivered, this time included.
    var attempts: Int { Int(UInt16(bigEndian: data.loadUnaligned(fromByteOffset: 8, as: UInt16.self))) }
    var id: MessageID { data.loadUnaligned(fromByteOffset: 10, as: MessageID.self) }
    var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: data[Self.headerSize...]) }
}
