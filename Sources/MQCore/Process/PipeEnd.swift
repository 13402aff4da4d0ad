internal import CProcess
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

/// The two ends of a pipe(2). No program that is started inherits them unasked.
@frozen public struct Pipe: ~Copyable, Sendable {
    public let reading: PipeEnd
    public let writing: PipeEnd

    private init(_ ends: (CInt, CInt)) {
        reading = PipeEnd(owning: ends.0)
        writing = PipeEnd(owning: ends.1)
    }

    /// - Throws: `failure` when there are no descriptors left.
    public init() throws(TransportError) {
        var ends: (CInt, CInt) = (-1, -1)
        let result = Self.make(&ends, nonblocking: false)
        guard result == 0 else { throw TransportError(.failure, "no pipe: \(SystemError.words(-result))", errno: -result) }
        self.init(ends)
    }

    /// A pipe without descriptors, both ends -1, when there are none left: for what goes on without.
    public static func ifPossible(nonblocking: Bool = false) -> Pipe {
        var ends: (CInt, CInt) = (-1, -1)
        return Pipe(make(&ends, nonblocking: nonblocking) == 0 ? ends : (-1, -1))
    }

    private static func make(_ ends: inout (CInt, CInt), nonblocking: Bool) -> CInt {
        withUnsafeMutableBytes(of: &ends) { cprocess_pipe($0.baseAddress!.assumingMemoryBound(to: CInt.self), nonblocking ? 1 : 0) }
    }
}
