import Glibc

/// Wakes one blocked thread: a pipe, so that it can be polled beside a stop flag.
public final class Bell: Sendable {
    /// Readable from `ring` to `silence`; -1, which poll(2) ignores, when the process had no descriptor left.
    public let descriptor: CInt
    private let writeEnd: CInt

    public init() {
        var ends: [CInt] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        }
        (descriptor, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    /// A full pipe has rung already.
    public func ring() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    public func silence() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(descriptor, buffer.baseAddress, 64) == 64 {}
        }
    }
}
