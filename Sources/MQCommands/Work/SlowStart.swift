/// How many messages may be taken before the reader of a pipe has shown that it goes on reading.
///
/// `mq recv Q | head -1` must leave the rest in the queue, and a reader's `read` takes all that is in the pipe. So the
/// first messages go one by one, each waiting until it was read; then twice as many each time.
struct SlowStart {
    /// Messages that go one by one.
    static let single = 16
    private static let lockstepLimit = 4096

    private var delivered = 0
    private var size = 1
    private(set) var isLockstep: Bool

    init(isNeeded: Bool) { isLockstep = isNeeded }

    /// The most messages to take next.
    var allowance: Int { isLockstep ? size : .max }

    /// How long a reader that has read is given to go, if it wants to: a process needs about 0.1 ms to end.
    var grace: Duration { delivered < Self.single ? .microseconds(500) : .zero }

    mutating func advance(by count: Int) {
        guard isLockstep else { return }
        delivered += count
        if delivered >= Self.single { size *= 2 }
        if size > Self.lockstepLimit { isLockstep = false }
    }
}
