internal import CProcess
import Glibc

/// The two ends of a pipe(2). No program that is started inherits them unasked.
@frozen public struct Pipe: ~Copyable, Sendable {
    /// Where the bytes come out.
    public let reading: PipeEnd
    /// Where the bytes go in.
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
