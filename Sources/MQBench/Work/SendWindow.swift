internal import Glibc
internal import MQCore

/// What a producer may send so that no more than the window is under way, of all producers together.
struct SendWindow {
    /// Of all producers together; `nil` is no bound.
    private let limit: Int?
    private let producers: Range<Int>
    private let consumers: Range<Int>
    private let isOrdered: Bool
    private let counters: SharedCounters
    /// What may be sent before the counters are looked at again: they lie in memory that others write to.
    private var free = 0
    /// What is taken for lost, since nothing came for so long.
    private var lost = 0
    private var (lastPassed, lastChange): (Int, UInt64) = (0, 0)

    /// When nothing came for so long, what is under way does not come.
    private static let patience: UInt64 = 1_000_000_000
    /// How long one call of `take` waits at most, in nanoseconds.
    private static let longestWait: UInt64 = 10_000_000
    /// So often the processor is only offered to others: the consumer is mostly about to go on.
    private static let yields = 50

    init(_ job: WorkerJob, _ counters: SharedCounters) {
        (limit, isOrdered, self.counters) = (job.window, job.isOrdered, counters)
        (producers, consumers) = (0..<job.producers, job.producers..<(job.producers + job.consumers))
    }

    /// How many of `wanted` messages may be sent now: all, or as many as are worth a call. Waits a moment for room; 0 when there is none.
    mutating func take(_ wanted: Int) -> Int {
        guard let limit else { return wanted }
        // Half a window at once: a producer that refilled every gap would hand over messages one by one.
        let enough = min(wanted, max(1, limit / 2 / producers.count))
        if free < enough { wait(for: enough, limit) }
        guard free >= enough else { return 0 }
        let count = min(wanted, free)
        free -= count
        return count
    }

    private mutating func wait(for enough: Int, _ limit: Int) {
        let start = Deadline.now()
        var (now, rounds) = (start, 0)
        while true {
            look(limit, at: now)
            if free >= enough || now - start > Self.longestWait { return }
            if rounds < Self.yields { sched_yield() } else { usleep(50) }
            rounds += 1
            now = Deadline.now()
        }
    }

    private mutating func look(_ limit: Int, at now: UInt64) {
        let (sent, passed) = (counters.sum(producers), counters.passed(consumers, isOrdered: isOrdered))
        if passed != lastPassed || lastChange == 0 { (lastPassed, lastChange) = (passed, now) }
        if now - lastChange > Self.patience { (lost, lastChange) = (max(0, sent - passed), now) }
        let room = min(limit, limit - (sent - passed - lost))
        // Rounded up: a window smaller than the number of producers lets each send.
        free = room <= 0 ? 0 : (room + producers.count - 1) / producers.count
    }
}
