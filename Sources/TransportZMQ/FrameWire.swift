import CZMQ
import Glibc
import MQCore
import ZMTP

/// Whole messages of several frames over a wire, for those who look at each frame.
final class FrameWire {
    let wire: Wire
    /// The message received last.
    private(set) var bytes: [UInt8] = []
    private(set) var frames: [Int] = []
    /// libzmq's message, never moved: it may point into itself.
    private let message: UnsafeMutablePointer<zmq_msg_t>
    private var spin = Spin.yielding

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
    /// - Parameter waits: looks for a moment and then lets libzmq wait for one, which takes fewer system calls than to be told by its
    ///   descriptor and to ask again.
    func receive(waits: Bool = false) throws(TransportError) -> Bool {
        guard waits else { return try take(ZMQ_DONTWAIT) }
        if let isThere = try spin.look({ () throws(TransportError) -> Bool? in try take(ZMQ_DONTWAIT) ? true : nil }) { return isThere }
        return try take(0)
    }

    private func take(_ flags: CInt) throws(TransportError) -> Bool {
        let api = wire.library.api
        bytes.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        while true {
            let size = Int(czmq_msg_recv(api, message, wire.pointer, frames.isEmpty ? flags : 0))
            if size == -Int(EINTR) { continue }
            if size == -Int(EAGAIN) { return false }
            guard size >= 0 else { throw wire.library.error(CInt(-size), "receiving") }
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: api.pointee.msg_data(message), count: size))
            frames.append(size)
            if api.pointee.msg_more(message) == 0 { return true }
        }
    }

    /// Sends a message behind a path; false when nobody can take it now.
    /// - Parameter frames: the lengths of the body's frames; `nil` for one.
    func send(_ path: ReturnPath, _ body: UnsafeRawBufferPointer, frames: [Int]?) throws(TransportError) -> Bool {
        // What has begun is finished: libzmq has taken the message.
        var flags = ZMQ_DONTWAIT
        var result: CInt = 0
        path.bytes.withUnsafeBytes { bytes in
            var place = 0
            for (index, size) in path.frames.enumerated() where result >= 0 {
                let isLast = index == path.frames.count - 1 && frames?.isEmpty == true
                result = put(bytes, place, size, flags | (isLast ? 0 : ZMQ_SNDMORE))
                if result >= 0 { (place, flags) = (place + size, 0) }
            }
        }
        if let frames {
            var place = 0
            for (index, size) in frames.enumerated() where result >= 0 {
                result = put(body, place, size, flags | (index == frames.count - 1 ? 0 : ZMQ_SNDMORE))
                if result >= 0 { (place, flags) = (place + size, 0) }
            }
        } else if result >= 0 {
            result = put(body, 0, body.count, flags)
            if result >= 0 { flags = 0 }
        }
        if result >= 0 { return true }
        if result == -EAGAIN, flags == ZMQ_DONTWAIT { return false }
        throw wire.library.error(CInt(-result), "sending")
    }

    /// One frame. The number of its bytes, or -errno.
    private func put(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ size: Int, _ flags: CInt) -> CInt {
        while true {
            let result = czmq_send(wire.library.api, wire.pointer, bytes.baseAddress.map { $0 + place }, size, flags)
            if result != -EINTR { return result }
        }
    }
}
