internal import MQCore
internal import MQNet

/// Several requests of one kind at once.
struct Pipeline {
    private let connection: Connection
    private let limit: Int

    init(_ connection: Connection, limit: Int) {
        self.connection = connection
        self.limit = limit
    }

    /// The replies in the order of `bodies`. What fails on the way is tried again by itself.
    mutating func perform(
        _ operation: String, _ bodies: [[UInt8]], until deadline: Deadline
    ) throws(TransportError) -> [Result<[UInt8], ServiceFailure>] {
        var replies: [Result<[UInt8], ServiceFailure>?] = Array(repeating: nil, count: bodies.count)
        var histories = [RetryPolicy.History](repeating: RetryPolicy.History(), count: bodies.count)
        var pending = Array(bodies.indices.reversed())
        var running = 0
        var paused: [(due: UInt64, index: Int)] = []
        while running > 0 || !pending.isEmpty || !paused.isEmpty {
            let now = connection.clocks.monotonic()
            pending += paused.filter { $0.due <= now }.map(\.index)
            paused.removeAll { $0.due <= now }
            while running < limit, let index = pending.popLast() {
                try connection.start(operation, body: bodies[index], tag: index)
                running += 1
            }
            let due = connection.clocks.bound(Deadline(nanoseconds: paused.map(\.due).min() ?? .max))
            for completion in try connection.http.wait(until: deadline.earlier(due), stop: connection.stop) {
                running -= 1
                let result = connection.interpret(completion.result, of: operation)
                replies[completion.tag] = result
                guard case .failure(let failure) = result else { continue }
                switch connection.decide(failure, &histories[completion.tag]) {
                case .giveUp: continue
                case .now: pending.append(completion.tag)
                case .after(let pause): paused.append((connection.clocks.monotonic() + pause.nanoseconds, completion.tag))
                }
            }
            guard !deadline.hasPassed, !connection.stop.isRaised else { throw TransportError(.tryAgain, "SQS did not answer in time") }
        }
        return replies.map { $0! }
    }
}
