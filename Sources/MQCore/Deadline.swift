import Glibc

/// The moment at which a blocking call gives up. It is one of the monotonic clock: setting the date does not move it.
public struct Deadline: Sendable, Equatable {
    /// Nanoseconds of `CLOCK_MONOTONIC`; `UInt64.max` means never.
    public let nanoseconds: UInt64

    /// A moment of `CLOCK_MONOTONIC`.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Waits for as long as it takes.
    public static let never = Deadline(nanoseconds: .max)
    /// Has passed already: the call tries, and does not wait.
    public static let immediately = Deadline(nanoseconds: 0)

    /// The monotonic clock now, in nanoseconds.
    public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// The deadline `duration` from now; `nil` means never.
    public static func after(_ duration: Duration?) -> Deadline {
        guard let duration else { return .never }
        let (sum, overflow) = now().addingReportingOverflow(duration.nanoseconds)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }

    /// Whether there is no bound.
    public var isNever: Bool { nanoseconds == .max }
    /// Whether it is too late. Reads the clock.
    public var hasPassed: Bool { !isNever && (nanoseconds == 0 || Deadline.now() >= nanoseconds) }

    /// Nanoseconds left, 0 when it has passed, `nil` when there is no bound.
    public var remaining: UInt64? {
        if isNever { return nil }
        if nanoseconds == 0 { return 0 }
        let now = Deadline.now()
        return now >= nanoseconds ? 0 : nanoseconds - now
    }

    /// What is left as poll(2) and epoll_wait(2) want it: milliseconds, rounded up so that they do not return early; -1 for never.
    public var pollMilliseconds: CInt {
        guard let left = remaining else { return -1 }
        return CInt(min((left + 999_999) / 1_000_000, 1 << 30))
    }

    /// The earlier of the two.
    public func earlier(_ other: Deadline) -> Deadline { nanoseconds <= other.nanoseconds ? self : other }
}

extension Duration {
    /// Longer than any wait: a deadline that far away is none.
    public static let forever = Duration.seconds(Int64.max)

    /// Whole nanoseconds, clamped to what fits (584 years) and to 0 for negative ones.
    public var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .max }
        let (sum, carried) = product.addingReportingOverflow(UInt64(max(0, attoseconds / 1_000_000_000)))
        return carried ? .max : sum
    }
}
