/// A fixed schedule: message i is due at start + i / rate. A late one does not move those behind it.
public struct Pace {
    private let interval: Double
    private let clocks: Clocks
    private let start: UInt64
    private var sent = 0

    /// A rate beyond all clocks is one a nanosecond or one in a century: the arithmetic must not overflow.
    public init(perSecond: Double, clocks: Clocks = .system) {
        interval = min(max(1e9 / perSecond, 1), 3e18)
        (self.clocks, start) = (clocks, clocks.monotonic())
    }

    /// How many messages are due now; when none is, `nextDue` says until when to sleep.
    public func due() -> Int { max(0, Int(Double(clocks.monotonic() - start) / interval) + 1 - sent) }

    /// When the next message is due.
    public var nextDue: Deadline { Deadline(nanoseconds: start + UInt64(min(Double(sent) * interval, 9e18))) }

    /// Counts messages that were sent.
    public mutating func count(_ messages: Int) { sent += messages }
}
