import Glibc

/// Wakes a thread that polls its descriptor, beside a stop flag for instance.
public final class Bell: Sendable {
    /// Readable from `ring` to `silence`; -1, which poll(2) ignores, when the process had no descriptor left.
    public var descriptor: CInt { pipe.reading.descriptor }
    private let pipe = Pipe.ifPossible(nonblocking: true)

    /// A bell that has not rung.
    public init() {}

    /// From any thread. A pipe that is full has rung already.
    public func ring() {
        var byte: UInt8 = 1
        _ = write(pipe.writing.descriptor, &byte, 1)
    }

    /// Takes back every ring so far. By the thread that waits.
    public func silence() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(descriptor, buffer.baseAddress, 64) == 64 {}
        }
    }
}
