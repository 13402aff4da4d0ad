import Glibc

/// One end of a pipe, or any descriptor with one owner: closed when it goes.
public struct PipeEnd: ~Copyable, Sendable {
    /// -1, which poll(2) ignores, for none.
    public let descriptor: CInt

    /// Takes over a descriptor that is open.
    public init(owning descriptor: CInt) { self.descriptor = descriptor }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Leaves the descriptor open, and to the caller.
    public consuming func release() -> CInt {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    /// Writes all of it, whatever signals come.
    /// - Returns: 0, or the error number: EPIPE when nobody reads any more, EAGAIN where the end does not block.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer) -> CInt { SystemCall.writeAll(bytes, to: descriptor) }
}
