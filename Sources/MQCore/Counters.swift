public import Synchronization

/// What a verb has done so far; written by the pump once a batch, read by the monitor's thread.
public final class Counters: Sendable {
    public let messages = Atomic<Int>(0)
    public let bytes = Atomic<Int>(0)
    public let confirmed = Atomic<Int>(0)
    /// On the monotonic clock, in nanoseconds.
    public let start = Deadline.now()

    public init() {}

    public func add(messages: Int, bytes: Int) {
        self.messages.add(messages, ordering: .relaxed)
        self.bytes.add(bytes, ordering: .relaxed)
    }
}
