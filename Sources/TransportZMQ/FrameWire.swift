import CZMQ
import Glibc
import MQCore

/// Whole messages of several frames over a wire, for those who look at each frame.
final class FrameWire {
    let wire: Wire
    /// The message received last.
    private(set) var bytes: [UInt8] = []
    private(set) var frames: [Int] = []
    /// libzmq's message, never moved: it may point into itself.
    private let message: UnsafeMutablePointer<zmq_msg_t>

    /// How long `receive` waits where it is to, in milliseconds: a stop is noticed as late.
    private static let patience: CInt = 10

    init(_ wire: Wire) {
        self.wire = wire
        wire.set(ZMQ_RCVTIMEO, Self.patience)
        message = .allocate(capacity: 1)
        _ = wire.library.api.pointee.msg_init(message)
    }

    deinit {
        _ = wire.library.api.pointee.msg_close(message)
        message.deallocate()
    }

    /// Whether there is time for `receive` to wait.
    static func hasTime(until deadline: Deadline, _ stop: StopFlag) -> Bool {
        !stop.isRaised && (deadline.remaining ?? .max) > UInt64(patience) * 1_000_000
    }

    /// Takes the next message; false when none is there.
    /// - Parameter waits: lets libzmq wait for a moment, which takes fewer system calls than to be told by its descriptor and to ask again.
    func receive(waits: Bool = false) throws(TransportError) -> Bool {
        let api = wire.library.api
        bytes.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        while true {
            let size = Int(czmq_msg_recv(api, message, wire.pointer, frames.isEmpty && !waits ? ZMQ_DONTWAIT : 0))
            if size == -Int(EINTR) { continue }
            if size == -Int(EAGAIN) { return false }
            guard size >= 0 else { throw wire.library.error(CInt(-size), "receiving") }
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: api.pointee.msg_data(message), count: size))
            frames.append(size)
            if api.pointee.msg_more(message) == 0 { return true }
        }
    }

    /// Sends a message in pieces, each of them some frames; false when nobody can take it now.
    func send(_ pieces: [(bytes: UnsafeRawBufferPointer, frames: [Int])]) throws(TransportError) -> Bool {
        var left = pieces.reduce(0) { $0 + $1.frames.count }
        var isFirst = true
        for piece in pieces {
            var place = 0
            for size in piece.frames {
                left -= 1
                // What has begun is finished: libzmq has taken the message.
                let flags = (isFirst ? ZMQ_DONTWAIT : 0) | (left > 0 ? ZMQ_SNDMORE : 0)
                var result: CInt
                var none: UInt8 = 0
                repeat {
                    result = withUnsafePointer(to: &none) {
                        czmq_send(
                            wire.library.api, wire.pointer, piece.bytes.baseAddress.map { $0 + place } ?? UnsafeRawPointer($0), size, flags)
                    }
                } while result == -EINTR
                if isFirst, result == -EAGAIN { return false }
                if result < 0 { throw wire.library.error(-result, "sending") }
                place += size
                isFirst = false
            }
        }
        return true
    }
}
