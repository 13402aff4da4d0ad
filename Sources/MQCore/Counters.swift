public import Synchronization

/// What a verb has done so far; written by the pump once a batch, read by the monitor's thread.
public final class Counters: Sendable {
    /// Messages sent or received.
    public let messages = Atomic<Int>(0)
    /// Bytes of their bodies.
    public let bytes = Atomic<Int>(0)
    /// Messages that the other side has confirmed, or that were acknowledged to it.
    public let confirmed = Atomic<Int>(0)
    /// On the monotonic clock, in nanoseconds.
    public let start = Deadline.now()

    /// Begins now, with nothing done.
    public init() {}

    /// Counts a batch that was sent or received.
    public func add(messages: Int, bytes: Int) {
        self.messages.add(messages, ordering: .relaxed)
        self.bytes.add(bytes, ordering: .relaxed)
    }
}
