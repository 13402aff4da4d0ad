import Glibc
import MQCore

/// Bytes on their way to a command through a pipe that is never waited for: one that reads slowly holds up nobody, and one that does not
/// read at all has not failed.
final class Feed {
    private var reading: PipeEnd?
    private var writing: PipeEnd?
    private var rest: UnsafeRawBufferPointer
    /// A copy of what did not fit, where nobody else keeps the bytes.
    private var copy: UnsafeMutableRawBufferPointer?

    /// - Parameters:
    ///   - bytes: written at once as far as the pipe takes them.
    ///   - isKept: whether they stay where they are for as long as this lives.
    /// - Throws: `failure` when there are no descriptors left.
    init(_ bytes: UnsafeRawBufferPointer, isKept: Bool) throws(TransportError) {
        let pipe = try Pipe()
        reading = .some(pipe.reading)
        writing = .some(pipe.writing)
        rest = bytes
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        write()
        guard !isDone && !isKept else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: rest.count, alignment: 1)
        copy.copyMemory(from: rest)
        (self.copy, rest) = (copy, UnsafeRawBufferPointer(copy))
    }

    deinit { copy?.deallocate() }

    /// For the command.
    var source: CInt { reading?.descriptor ?? -1 }

    /// The command has its end of the pipe.
    func handOver() { reading = nil }

    /// Writable when there is room; -1 once everything is on its way.
    var descriptor: CInt { writing?.descriptor ?? -1 }
    var isDone: Bool { descriptor < 0 }

    /// Writes what there is room for, and closes the pipe behind the last byte.
    func write() {
        while !isDone {
            if rest.isEmpty { return writing = nil }
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                // Nobody reads any more.
                rest = UnsafeRawBufferPointer(start: nil, count: 0)
            }
        }
    }
}
