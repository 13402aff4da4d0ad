internal import Glibc
internal import MQCore

extension Worker {
    func consume() throws(TransportError) -> WorkerResult {
        let receiver = try receiver(job.address)
        guard let start = ready() else { throw notStarted }
        var intake = Intake(job, watch: stopwatch(from: start), counters: counters)
        var batch = Batch(byteCapacity: 1 << 17)
        batch.takesLoans = true
        var quietSince: UInt64?
        // At a rate, all messages of a batch get one time: a backlog is taken in small ones.
        let byteLimit = job.rate == nil ? 1 << 17 : job.size * 32
        while !isStopped {
            batch.removeAll()
            let isComplete = everythingArrived()
            let outcome = try receiver.receive(
                into: &batch, limit: .max, byteLimit: byteLimit, until: .after(.milliseconds(50)), stop: stop)
            let now = Deadline.now()
            let before = intake.received
            if batch.isEmpty {
                // Once all have come, one quiet wait: a duplicate comes behind what it repeats.
                if outcome == .ended || isComplete { break }
            } else {
                try receiver.settle(last: batch.count, as: .acknowledge)
                try intake.take(batch, at: now, behind: counters.sum(consumerSlots))
                counters[job.slot] = intake.received
            }
            // What has not come some time after the last was sent does not come: it is counted as lost. Others' messages are no sign of it.
            quietSince = intake.received > before || counters.expected == 0 ? nil : quietSince ?? now
            if let since = quietSince, now - since > Self.patience.nanoseconds / 2 { break }
        }
        try receiver.close(until: .after(.seconds(2)), stop: stop)
        return intake.result(at: Deadline.now())
    }
}

/// What a consumer makes of the messages it gets.
struct Intake {
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
        result.logs = logs.map {
            WorkerResult.Log(words: WorkerResult.Log.bytes($0.packed), duplicated: $0.duplicated, reordered: $0.reordered)
        }
        (result.response, result.service) = (response.sparse, service.sparse)
        return result
    }
}

// MARK: - Round trips

extension Worker {
    /// One message out, its answer back; with a rate, each at its time and counted from it.
    func ping() throws(TransportError) -> WorkerResult {
        var batch = try Payload.batch(job.payload, size: job.size, count: 1, seed: 1)
        // The receiving end is opened first: where ends must meet, it is the one that binds.
        let receiver = try receiver(job.answers!)
        let sender = try sender(job.address)
        if let refusal = sender.refusal(in: batch, 0..<1) { throw refusal.error }
        guard let start = ready() else { throw notStarted }
        _ = Self.wait(until: start, stop: stop)
        var watch = stopwatch(from: start)
        var times = Histogram(), delays = Histogram()
        var result = WorkerResult()
        var log = SequenceLog()
        var answer = Batch()
        while !isStopped {
            let due = job.rate.map { start + UInt64(Double(result.sent) * 1e9 / $0) }
            let sent = due.map { Self.wait(until: $0, stop: stop) } ?? Deadline.now()
            _ = watch.tick(sent)
            batch.renew()
            let isMeasured = sent >= watch.begin
            if isStopped || sent >= watch.end || result.sent >= job.count ?? .max { break }
            Stamp.write(
                batch.start(of: 0), size: job.size, run: job.run, producer: 0, sequence: result.sent, due: due ?? sent, sent: sent)
            let deadline = Deadline(nanoseconds: sent + Self.patience.nanoseconds)
            guard try sender.send(batch, 0..<1, until: deadline, stop: stop) == 1 else { break }
            result.sent += 1
            guard let now = try self.answer(result.sent - 1, from: receiver, &answer, until: deadline, &log, &result.foreign) else {
                if !isStopped {
                    result.objection = "message \(result.sent) was not answered within 5 s, and nothing was sent after it"
                }
                break
            }
            counters[job.slot] = result.sent
            guard isMeasured else { continue }
            times.record(Int(now - (due ?? sent)))
            counters.note(now - (due ?? sent), slot: job.slot)
            if let due { delays.record(Int(sent - min(sent, due))) }
            result.measured += 1
        }
        watch.stop(Deadline.now())
        counters.isStopped = true
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
        (result.response, result.publishDelay) = (times.sparse, delays.sparse)
        result.logs = [WorkerResult.Log(words: WorkerResult.Log.bytes(log.packed), duplicated: log.duplicated, reordered: log.reordered)]
        try receiver.close(until: .after(.seconds(1)), stop: stop)
        return result
    }

    /// When the answer to message `sequence` came; `nil` when it did not. Another one (a duplicate, say) is noted and passed over.
    private func answer(
        _ sequence: Int, from receiver: any Receiver, _ answer: inout Batch, until deadline: Deadline, _ log: inout SequenceLog,
        _ foreign: inout Int
    ) throws(TransportError) -> UInt64? {
        while true {
            answer.removeAll()
            guard try receiver.receive(into: &answer, limit: 1, byteLimit: 1, until: deadline, stop: stop) == .received else { return nil }
            let now = Deadline.now()
            try receiver.settle(last: answer.count, as: .acknowledge)
            guard let stamp = Stamp(answer.start(of: 0), size: answer.size(of: 0)), stamp.run == job.run,
                log.record(stamp.sequence) != .foreign
            else {
                foreign += 1
                continue
            }
            if stamp.sequence == sequence { return now }
        }
    }

    func echo() throws(TransportError) -> WorkerResult {
        let receiver = try receiver(job.address)
        let sender = try sender(job.answers!)
        guard let start = ready() else { throw notStarted }
        var watch = stopwatch(from: start)
        var result = WorkerResult()
        var batch = Batch()
        // What this side does between two messages is in every round trip where both share a processor: it reads the clock
        // rarely. A patience that is over makes an empty queue a reason to look again.
        var now = Deadline.now()
        var isMeasured = false
        while !isStopped {
            batch.removeAll()
            let patience = Deadline(nanoseconds: now + 50_000_000)
            guard try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: patience, stop: stop) == .received else {
                now = Deadline.now()
                isMeasured = watch.tick(now)
                continue
            }
            var sent = 0
            while sent < batch.count && !isStopped {
                sent += try sender.send(batch, sent..<batch.count, until: sent == 0 ? patience : .after(.milliseconds(50)), stop: stop)
            }
            try receiver.settle(last: sent, as: .acknowledge)
            result.sent += sent
            if result.sent & 31 == 0 {
                now = Deadline.now()
                isMeasured = watch.tick(now)
            }
            if isMeasured { result.measured += sent }
        }
        watch.stop(Deadline.now())
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
        try receiver.close(until: .after(.seconds(1)), stop: stop)
        return result
    }
}
