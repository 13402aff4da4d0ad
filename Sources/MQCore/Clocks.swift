/// The two clocks that decisions go by. What decides by time is given them, so that a test moves them instead of sleeping; loops that
/// run for every message ask `Deadline.now` themselves.
public struct Clocks: Sendable {
    /// Nanoseconds, as of `Deadline.now`, for what is measured or bounded.
    public let monotonic: @Sendable () -> UInt64
    /// Nanoseconds since 1970, as of `WallClock.now`, for what people read.
    public let wall: @Sendable () -> Int64
    private let wait: @Sendable (Deadline) -> Deadline

    /// Clocks of a test, for instance.
    /// - Parameter wait: until when the machine waits for a moment of `monotonic` before it looks at these clocks again.
    public init(
        monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int64,
        wait: @escaping @Sendable (Deadline) -> Deadline = { $0 }
    ) {
        (self.monotonic, self.wall, self.wait) = (monotonic, wall, wait)
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

    /// The deadline of a wait, by the machine's clock, that ends no later than `deadline` comes. It may end before: whoever waits looks again.
    public func bound(_ deadline: Deadline) -> Deadline { wait(deadline) }

    /// Whole seconds since 1970.
    public var wallSeconds: Int64 { wall() / 1_000_000_000 }
}
