public import Synchronization

/// What a relay has moved so far; written by its thread once a batch, read by others at any time.
///
/// Bytes are those of all frames that a program at the front sends or is sent: the name that stands in front of them at the back of a queue
/// is the relay's own, and counts at neither side.
public final class RelayCounters: Sendable {
    /// Messages that came in at the front, and went out at the back.
    public let front = Counters()
    /// Messages that came in at the back, and went out at the front.
    public let back = Counters()
    /// Messages that were dropped: for a peer that had gone, or that was at its high-water mark.
    public let dropped = Atomic<Int>(0)
    /// Topics that somebody at the back has subscribed to just now.
    public let topics = Atomic<Int>(0)

    /// Begins now, with nothing done.
    public init() {}

    /// What came in at one side.
    public subscript(side: RelaySide) -> Counters { side == .front ? front : back }
}
