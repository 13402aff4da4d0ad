internal import MQCore

/// What a consumer makes of the messages it gets.
struct Tally {
    private let job: WorkerJob
    private let counters: SharedCounters
    private var watch: Stopwatch
    private var logs: [SequenceLog]
    private var windows: [Int]
    private var windowEnds: [UInt64]
    private var response = Histogram()
    private var service = Histogram()
    private var foreign = 0
    /// Messages of this run, each counted once.
    private(set) var received = 0
    /// The first word of the message that is expected, and whose it is.
    private var next: UInt64?
    private var nextProducer = 0
    private let records: Bool
    private let firstTime: UInt64

    init(_ job: WorkerJob, watch: Stopwatch, counters: SharedCounters) {
        self.job = job
        self.counters = counters
        self.watch = watch
        logs = Array(repeating: SequenceLog(), count: job.producers)
        windows = Array(repeating: 0, count: job.windows)
        windowEnds = Array(repeating: 0, count: job.windows)
        records = job.rate != nil
        firstTime = watch.begin
    }

    /// How many messages are not under way any more, as far as this consumer knows: where order is promised, those up to the latest.
    var passed: Int { job.isOrdered ? logs.reduce(0) { $0 + $1.highest + 1 } : received }

    /// - Parameter others: what all consumers have received before.
    mutating func take(_ batch: borrowing Batch, at now: UInt64, behind others: Int) throws(TransportError) {
        let isMeasured = watch.tick(now)
        let count = try takeRuns(batch, at: now)
        received += count
        if let total = job.totalCount {
            if count > 0 { countWindow(count, endingWith: others + count, of: total, at: now) }
        } else if isMeasured {
            let window = Int(Double(now - watch.begin) / (job.duration * 1e9) * Double(job.windows))
            windows[min(window, job.windows - 1)] += count
        }
    }

    /// With a number of messages instead of a duration, a window is a share of what all consumers receive, however they divide it.
    private mutating func countWindow(_ count: Int, endingWith position: Int, of total: Int, at now: UInt64) {
        let window = min((position - 1) / max(1, total / job.windows), job.windows - 1)
        windows[window] += count
        windowEnds[window] = now
    }

    /// Messages mostly come in the order in which one producer sent them: one comparison each, and their numbers are noted together.
    private mutating func takeRuns(_ batch: borrowing Batch, at now: UInt64) throws(TransportError) -> Int {
        var (count, index) = (0, 0)
        while index < batch.count {
            let first = index
            if let next {
                while index < batch.count, batch.size(of: index) >= Stamp.smallest,
                    Stamp.word(batch.start(of: index)) == next + UInt64(index - first)
                {
                    index += 1
                }
                logs[nextProducer].recordNext(index - first)
                self.next = next + UInt64(index - first)
                count += index - first
            }
            guard index < batch.count else { break }
            if try take(batch.start(of: index), size: batch.size(of: index), at: now) { count += 1 }
            index += 1
        }
        return count
    }

    /// Whether it is a message of this run that was not seen before.
    private mutating func take(_ bytes: UnsafeRawPointer, size: Int, at now: UInt64) throws(TransportError) -> Bool {
        guard let stamp = Stamp(bytes, size: size), stamp.run == job.run, stamp.producer < logs.count else {
            foreign += 1
            return false
        }
        switch logs[stamp.producer].record(stamp.sequence) {
        case .new: break
        case .duplicate: return false
        case .foreign:
            foreign += 1
            return false
        }
        if !records { expectNext(after: stamp, Stamp.word(bytes)) }
        guard records, stamp.due >= watch.begin, stamp.due < watch.end else { return true }
        guard now >= stamp.due else {
            throw TransportError(
                .failure, "a message arrived \(stamp.due - now) ns before it was due",
                hint: "both ends must be on one machine, whose monotonic clock they share")
        }
        response.record(Int(now - stamp.due))
        counters.note(now - stamp.due, slot: job.slot)
        if size >= Stamp.withSendTime { service.record(Int(now - min(now, Stamp.sendTime(bytes)))) }
        return true
    }

    /// What comes behind the newest message of a producer is new without a look at what came before. Where times are recorded each
    /// message is looked at, and none is expected.
    private mutating func expectNext(after stamp: Stamp, _ word: UInt64) {
        guard stamp.sequence == logs[stamp.producer].highest, stamp.sequence + 1 < SequenceLog.limit else { return }
        (next, nextProducer) = (word + 1, stamp.producer)
    }

    mutating func result(at now: UInt64) -> WorkerResult {
        watch.stop(now)
        var result = WorkerResult()
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
        result.measured = windows.reduce(0, +)
        result.foreign = foreign
        var previous = firstTime
        result.windows = zip(windows, windowEnds).map { messages, end in
            if job.totalCount == nil { return Window(seconds: job.duration / Double(job.windows), messages: messages) }
            defer { previous = max(previous, end) }
            return Window(seconds: Double(max(end, previous) - previous) / 1e9, messages: messages)
        }
        result.logs = logs
        (result.response, result.service) = (response.sparse, service.sparse)
        return result
    }
}
