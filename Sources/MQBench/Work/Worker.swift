internal import Glibc
internal import MQCore

/// One side of a benchmark: opens its end, waits for the start, works, and reports. A process or a thread of its own; it is told
/// what to do and answers through two pipes, the same way in both.
struct Worker {
    let job: WorkerJob
    let counters: SharedCounters
    let stop: StopFlag
    let resolve: (String) throws(TransportError) -> any Transport
    /// Says that the end is open, and blocks until the start; the moment of it, or `nil` when there will be none.
    let ready: () -> UInt64?

    /// How long beyond the end a worker waits for messages under way.
    static let patience = Duration.seconds(5)

    func run() -> WorkerResult {
        do throws(TransportError) {
            switch job.role {
            case .produce: return try produce()
            case .consume: return try consume()
            case .ping: return try ping()
            case .echo: return try echo()
            }
        } catch {
            var result = WorkerResult()
            result.failure = error.sentence
            result.failureKind = error.code.name
            return result
        }
    }

    /// The way to the queue, once it is sure that it takes messages like these.
    func delivery(to address: String, of batch: borrowing Batch) throws(TransportError) -> Delivery {
        let transport = try resolve(address)
        let sender = try sender(transport)
        if let refusal = sender.refusal(in: batch, 0..<batch.count) { throw refusal.error }
        return Delivery(sender, of: type(of: transport).descriptor)
    }

    func sender(_ transport: any Transport) throws(TransportError) -> any Sender {
        var opening = Opening(stop: stop)
        opening.sharesProcess = job.isThread
        opening.deadline = .after(.seconds(10))
        return try transport.openSender(opening)
    }

    func receiver(_ address: String) throws(TransportError) -> any Receiver {
        var opening = Opening(stop: stop)
        // At a rate, or one by one, waiting for a batch to grow would be counted as latency.
        opening.sharesProcess = job.isThread
        opening.isPrompt = job.rate != nil || job.role != .consume
        opening.deadline = .after(.seconds(10))
        return try resolve(address).openReceiver(opening)
    }

    func stopwatch(from start: UInt64) -> Stopwatch {
        let begin = start + UInt64(job.warmup * 1e9)
        return Stopwatch(begin: begin, end: begin + UInt64(job.duration * 1e9), isThread: job.isThread)
    }

    /// Whether everybody is asked to end.
    var isStopped: Bool { counters.isStopped || stop.isRaised }

    var notStarted: TransportError { TransportError(.failure, "the benchmark was given up before it started") }

    /// All that will ever be received has been, as far as the counters tell.
    func everythingArrived() -> Bool {
        let expected = counters.expected
        return expected > 0 && counters.sum(consumerSlots) >= expected
    }

    var consumerSlots: Range<Int> { job.producers..<(job.producers + job.consumers) }
}
