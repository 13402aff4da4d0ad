internal import Glibc
internal import MQCore

/// One measured run over one queue: opens both sides, starts them together, watches, and adds up.
struct Phase {
    let point: MeetingPoint
    /// For round trips: where the answers meet.
    var answers: MeetingPoint?
    let size: Int
    let producers: Int
    let consumers: Int
    let batch: Int
    /// Messages per second of all producers together; `nil` is closed loop.
    var rate: Double?
    var warmup: Double
    var duration: Double
    let windows: Int
    var count: Int?
    let payload: String
    /// How many messages may be under way; `nil` is no bound.
    var window: Int?
    /// Whether the queue promises order.
    var isOrdered = true
    /// Threads of this process instead of processes.
    let inProcess: Bool

    /// Marks the messages of this phase.
    var mark = UInt16.random(in: 0 ... .max)

    /// From when the start is told until it is, in nanoseconds: every worker is to know of it by then.
    static let headStart: UInt64 = 30_000_000

    struct Outcome {
        var producers: [WorkerResult]
        var consumers: [WorkerResult]
        var producerCost = Cost()
        var consumerCost = Cost()
        var account = Account()
        var foreign = 0
        /// What makes the result worthless.
        var objections: [String] = []
    }

    /// - Parameter watch: called four times a second with the messages received so far, the seconds since the start, and the 99th
    ///   percentile of the response times so far in nanoseconds, to an eighth; `nil` where none are taken.
    func run(stop: StopFlag, resolve: @escaping WorkerHandle.Resolve, watch: (Int, Double, UInt64?) -> Void) throws(TransportError)
        -> Outcome
    {
        let counters = try SharedCounters()
        // Workers in this process end by a flag of their own, so that it can be raised for every outcome.
        let workersStop = StopFlag()
        var workers: [WorkerHandle] = []
        defer {
            counters.isStopped = true
            workersStop.raise()
            for worker in workers { worker.dismiss() }
        }
        let receiving = try receivingJobs.map { job throws(TransportError) in
            let worker = try WorkerHandle(job, counters: counters, stop: workersStop, resolve: resolve)
            workers.append(worker)
            return worker
        }
        let opening = Deadline.after(.seconds(15))
        // Where ends must meet the receiver binds, so it goes first. A round trip needs both at once: each receives.
        if answers == nil { for worker in receiving { try worker.awaitReady(until: opening, stop: stop) } }
        let sending = try sendingJobs.map { job throws(TransportError) in
            let worker = try WorkerHandle(job, counters: counters, stop: workersStop, resolve: resolve)
            workers.append(worker)
            return worker
        }
        for worker in (answers == nil ? [] : receiving) + sending { try worker.awaitReady(until: opening, stop: stop) }
        let start = Deadline.now() + Self.headStart
        for worker in receiving + sending { worker.start(at: start) }
        try collect(sending, beside: receiving, from: start, counters, stop, watch)
        counters.expected = max(1, sending.reduce(0) { $0 + ($1.result?.sent ?? 0) })
        if answers != nil { counters.isStopped = true }
        try collect(receiving, from: start, counters, stop, watch)
        return outcome(sending.compactMap(\.result), receiving.compactMap(\.result))
    }

    private var privateQueues: [String] { [point, answers].compactMap { $0 }.filter(\.isPrivate).map(\.sending) }

    private var receivingJobs: [WorkerJob] {
        if let answers { return [job(.echo, point.receiving, answers: answers.sending, index: 0)] }
        return (0..<consumers).map { job(.consume, point.receiving, index: $0) }
    }

    private var sendingJobs: [WorkerJob] {
        if let answers { return [job(.ping, point.sending, answers: answers.receiving, index: 0)] }
        return (0..<producers).map { job(.produce, point.sending, index: $0) }
    }

    private func job(_ role: WorkerJob.Role, _ address: String, answers: String? = nil, index: Int) -> WorkerJob {
        let sends = role == .produce || role == .ping
        var job = WorkerJob(
            role: role, address: address, answers: answers, run: mark, privateQueues: privateQueues, index: index,
            producers: answers == nil ? producers : 1,
            consumers: answers == nil ? consumers : 1, slot: sends ? index : producers + index, size: size, batch: batch, warmup: warmup,
            duration: duration, windows: windows, payload: payload, isThread: inProcess)
        job.rate = rate.map { sends && answers == nil ? $0 / Double(producers) : $0 }
        job.totalCount = count
        (job.window, job.isOrdered) = (window, isOrdered)
        job.count = count.map { sends && answers == nil ? $0 / producers + (index < $0 % producers ? 1 : 0) : $0 }
        return job
    }

    /// - Parameter others: workers that are not waited for; but when one of them fails, that is the cause of what follows.
    private func collect(
        _ workers: [WorkerHandle], beside others: [WorkerHandle] = [], from start: UInt64, _ counters: SharedCounters, _ stop: StopFlag,
        _ watch: (Int, Double, UInt64?) -> Void
    ) throws(TransportError) {
        // A phase that takes far longer than it should has lost a worker.
        let limit = count == nil ? Deadline(nanoseconds: start + UInt64((warmup + duration) * 1e9) + 30_000_000_000) : .never
        for worker in workers {
            while try !worker.poll(until: .after(.milliseconds(250)), stop: stop) {
                if stop.isRaised { throw TransportError(.failure, "interrupted") }
                for other in others { _ = try other.poll(until: .after(.milliseconds(1)), stop: stop) }
                if limit.hasPassed { throw TransportError(.failure, "a worker did not end in time") }
                let now = Deadline.now()
                let slots = answers == nil ? producers..<(producers + consumers) : 0..<1
                if now > start { watch(counters.sum(slots), Double(now - start) / 1e9, counters.responsePercentile(0.99, slots)) }
            }
        }
    }

    private func outcome(_ sending: [WorkerResult], _ receiving: [WorkerResult]) -> Outcome {
        var outcome = Outcome(producers: sending, consumers: receiving)
        for result in sending { outcome.producerCost.add(result.cost) }
        for result in receiving { outcome.consumerCost.add(result.cost) }
        outcome.account.sent = sending.reduce(0) { $0 + $1.sent }
        outcome.objections = (sending + receiving).compactMap(\.objection)
        outcome.foreign = (sending + receiving).reduce(0) { $0 + $1.foreign }
        // Round trips are logged where the answer arrives.
        let witnesses = answers == nil ? receiving : sending
        for producer in 0..<(answers == nil ? producers : 1) {
            var log = SequenceLog()
            for result in witnesses where producer < result.logs.count { log.merge(result.logs[producer]) }
            let received = log.received(of: sending[producer].sent)
            outcome.account.received += received
            outcome.foreign += log.received - received
            outcome.account.duplicated += log.duplicated
            outcome.account.reordered += log.reordered
        }
        outcome.account.lost = max(0, outcome.account.sent - outcome.account.received)
        return outcome
    }
}
