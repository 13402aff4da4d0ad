internal import Glibc
internal import MQCore

/// Frames over a pipe: a length of four bytes, then so many. Closed once.
final class FramePipe: Sendable {
    private let end: PipeEnd
    var descriptor: CInt { end.descriptor }

    init(_ end: consuming PipeEnd) { self.end = end }

    /// Two connected ends that no child inherits unasked.
    static func pair() throws(TransportError) -> (read: FramePipe, write: FramePipe) {
        let pipe = try Pipe()
        return (FramePipe(pipe.reading), FramePipe(pipe.writing))
    }

    /// Writes one frame; false when nobody reads any more.
    func write(_ bytes: [UInt8]) -> Bool {
        var frame = withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) }
        frame += bytes
        return frame.withUnsafeBytes { end.write($0) } == 0
    }

    /// Whether nobody can write to it any more.
    var hasNoWriter: Bool {
        var end = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&end, 1, 0) == 1 && end.revents & Int16(POLLHUP) != 0
    }

    enum Arrival {
        case frame([UInt8])
        case closed
        case deadlinePassed
        case stopped
    }

    func read(until deadline: Deadline, stop: StopFlag) -> Arrival {
        guard let header = take(4, until: deadline, stop: stop) else {
            return stop.isRaised ? .stopped : deadline.hasPassed ? .deadlinePassed : .closed
        }
        let size = header.reduce(0) { $0 << 8 | Int($1) }
        // The rest of a frame that has begun comes without delay.
        guard size < 1 << 30, let body = take(size, until: .after(.seconds(30)), stop: stop) else { return .closed }
        return .frame(body)
    }

    private func take(_ size: Int, until deadline: Deadline, stop: StopFlag) -> [UInt8]? {
        var result: [UInt8] = []
        while result.count < size {
            guard case .ready = Readiness.wait(for: POLLIN, on: descriptor, until: deadline, stop: stop) else { return nil }
            let count = withUnsafeTemporaryAllocation(byteCount: min(size - result.count, 1 << 16), alignment: 1) { buffer in
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 { result.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count == 0 || (count < 0 && errno != EINTR) { return nil }
        }
        return result
    }
}
