import MQCore

/// Takes time for every message: a debt that is slept off, and an exact rate in the long run.
struct Toll {
    let each: UInt64
    private var free: UInt64 = 0

    init(_ each: Duration) { self.each = each.nanoseconds }

    mutating func pay(_ count: Int, _ stop: StopFlag) {
        guard each > 0 else { return }
        // What was overslept is made good, but not more than a moment of it.
        free = max(free, Deadline.now() - 5_000_000) + UInt64(count) * each
        _ = Readiness.sleep(until: Deadline(nanoseconds: free), stop: stop)
    }
}
