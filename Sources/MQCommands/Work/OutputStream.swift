import Glibc
import MQCore

/// Standard output: what it is, whether somebody still reads it, and writing to it without hanging.
final class OutputStream: ByteSink {
    private let descriptor: CInt
    let isTerminal: Bool
    /// Whether a reader sits behind a pipe, who may go away with messages unread.
    let isPipe: Bool
    private(set) var readerIsGone = false

    init(_ descriptor: CInt = STDOUT_FILENO) {
        self.descriptor = descriptor
        var status = stat()
        let known = fstat(descriptor, &status) == 0
        isPipe = known && status.st_mode & S_IFMT == S_IFIFO
        isTerminal = isatty(descriptor) == 1
    }

    /// - Throws: `inputOutput` when nothing can be written to it.
    func requireOpen() throws(TransportError) {
        let flags = fcntl(descriptor, F_GETFL)
        if flags < 0 || flags & O_ACCMODE == O_RDONLY { throw error(EBADF) }
    }

    /// Asks the system whether the reader is there; one call, no waiting.
    func checkReader() -> Bool {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        if poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLERR | POLLHUP) != 0 { readerIsGone = true }
        return !readerIsGone
    }

    struct Written {
        /// Bytes the system took.
        var bytes: Int
        /// Why not all of them.
        var error: TransportError?
    }

    /// Writes all of `bytes`, unless the reader goes, the device fails, or the flag is raised and nothing moves for 40 ms.
    func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) -> Written {
        var written = 0
        while written < bytes.count {
            let address = bytes.baseAddress! + written
            let count = bytes.count - written
            // Once stopping, no more than the pipe has room for is offered, so that the call cannot block.
            var failure: CInt = 0
            var result = -1
            if stop.isRaised {
                guard hasRoom(within: 40) else {
                    return Written(bytes: written, error: TransportError(.inputOutput, "standard output is blocked"))
                }
                result = Glibc.write(descriptor, address, min(count, Int(PIPE_BUF)))
                failure = errno
            } else {
                let outcome = stop.interrupting { () -> (Int, CInt) in
                    let result = Glibc.write(descriptor, address, count)
                    return (result, errno)
                }
                guard let outcome else { continue }
                (result, failure) = outcome
            }
            if result >= 0 {
                written += result
            } else if failure == EAGAIN {
                if !hasRoom(within: 50) && stop.isRaised { continue }
            } else if failure != EINTR {
                return Written(bytes: written, error: error(failure))
            }
        }
        return Written(bytes: written, error: nil)
    }

    private func hasRoom(within milliseconds: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    private func error(_ number: CInt) -> TransportError {
        if number == EPIPE { readerIsGone = true }
        switch number {
        case EPIPE: return TransportError(.inputOutput, "the reader of standard output has gone", errno: number)
        case EBADF: return TransportError(.inputOutput, "standard output is closed", errno: number)
        case EFBIG: return TransportError(.inputOutput, "standard output: the file has reached its size limit", errno: number)
        case ENOSPC: return TransportError(.inputOutput, "standard output: no space left on the device", errno: number)
        default: return TransportError(.inputOutput, "standard output: \(SystemError.words(number))", errno: number)
        }
    }

    /// Bytes in the pipe that nobody has read yet.
    private var unreadBytes: Int {
        var count: CInt = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Waits until the reader has taken everything, and then `grace` longer for it to read on or go. For the first messages
    /// of a run only: `mq recv Q | head -1` must find that it was one message that was taken.
    func awaitReader(grace: Duration, stop: StopFlag) {
        var pause: UInt32 = 20
        while !stop.isRaised && unreadBytes > 0 && checkReader() {
            usleep(pause)
            pause = min(pause * 2, 5000)
        }
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        let end = Deadline.after(grace)
        while !stop.isRaised && !end.hasPassed {
            if poll(&entry, 1, 0) > 0 {
                readerIsGone = true
                return
            }
            usleep(50)
        }
    }

    /// Takes back what stands unread in the pipe once the reader has gone; empty where the system cannot tell.
    func takeUnread() -> [UInt8] {
        guard isPipe, readerIsGone, unreadBytes > 0 else { return [] }
        let other = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard other >= 0 else { return [] }
        defer { close(other) }
        var result: [UInt8] = []
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            while true {
                let count = read(other, buffer.baseAddress, buffer.count)
                if count <= 0 { return }
                result.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return result
    }
}
