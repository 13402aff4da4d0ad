/// The two clocks that decisions go by. What decides by time is given them, so that a test moves them instead of sleeping; loops that
/// run for every message ask `Deadline.now` themselves.
public struct Clocks: Sendable {
    /// Nanoseconds, as of `Deadline.now`, for what is measured or bounded.
    public let monotonic: @Sendable () -> UInt64
    /// Nanoseconds since 1970, as of `WallClock.now`, for what people read.
    public let wall: @Sendable () -> Int64

    /// Clocks of a test, for instance.
    public init(monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int64) {
        (self.monotonic, self.wall) = (monotonic, wall)
    }

    /// Those of the machine.
    public static let system = Clocks(monotonic: { Deadline.now() }, wall: { WallClock.now() })

    /// The deadline `duration` from now.
    public func deadline(after duration: Duration) -> Deadline {
        let (sum, overflow) = monotonic().addingReportingOverflow(duration.nanoseconds)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }

    /// Whether the deadline has come by the monotonic clock.
    public func hasPassed(_ deadline: Deadline) -> Bool { !deadline.isNever && monotonic() >= deadline.nanoseconds }
}
