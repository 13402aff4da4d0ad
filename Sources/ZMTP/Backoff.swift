/// The pauses between attempts to connect: a first one, doubled up to a longest, each with as much chance added, so that the
/// many that lost one peer do not come back at one moment.
public struct Backoff: Sendable {
    private let first: UInt64
    private let longest: UInt64
    private var next: UInt64

    /// - Parameters:
    ///   - first: nanoseconds.
    ///   - longest: nanoseconds; less than `first` keeps the pause constant.
    public init(first: UInt64, longest: UInt64) {
        (self.first, self.longest) = (max(1_000_000, first), longest)
        next = self.first
    }

    /// The nanoseconds until the next attempt: from the pause to twice the pause.
    public mutating func pause(_ generator: inout some RandomNumberGenerator) -> UInt64 {
        let pause = next
        if longest > first { next = min(longest, next.multipliedReportingOverflow(by: 2).overflow ? longest : next * 2) }
        return pause + UInt64.random(in: 0...pause, using: &generator)
    }

    /// A handshake succeeded: a connection that opens and ends before that is no success.
    public mutating func succeeded() { next = first }
}
