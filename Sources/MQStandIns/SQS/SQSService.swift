import Glibc
import MQCore

/// What all connections share: the queues, behind one lock, and a way to wait for messages.
final class SQSService: @unchecked Sendable {  // `state` is touched under the lock only, everything else is constant
    struct State {
        var settings: SQSStandIn.Settings
        var generator: SeededGenerator
        var queues: [String: SQSQueue] = [:]
        var requests: [String: Int] = [:]
        var faultsPlayed: [String: Int] = [:]
        var lastSerial = 0
        var moves: [MoveTask] = []
        var keepsHistory = false
        var isOver = false
    }

    let endpoint: String
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ settings: SQSStandIn.Settings, endpoint: String) {
        self.endpoint = endpoint
        state = State(settings: settings, generator: SeededGenerator(seed: settings.seed))
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrival, &attributes)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(mutex)
        arrival.deallocate()
        mutex.deallocate()
    }

    func withState<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// To be called after messages became visible.
    func announce() { pthread_cond_broadcast(arrival) }

    /// Inside `withState`: gives the lock away until something is announced, 50 ms at most.
    func waitForArrival(until limit: Int64) {
        let time = min(limit, realNanoseconds() + 50_000_000)
        var end = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        pthread_cond_timedwait(arrival, mutex, &end)
    }

    func end() {
        withState { $0.isOver = true }
        announce()
    }

    func url(of queue: String) -> String { "\(endpoint)/000000000000/\(queue)" }

    /// As whoever asks reaches this service.
    func url(of queue: String, _ request: SQSRequest) -> String {
        request.host.map { "http://\($0)/000000000000/\(queue)" } ?? url(of: queue)
    }

    func makeQueue(_ name: String, _ attributes: [String: String], _ state: inout State) -> SQSQueue {
        let queue = SQSQueue(name, attributes)
        if state.keepsHistory { queue.history = [] }
        state.queues[name] = queue
        return queue
    }
}

extension SQSService.State {
    /// Whether a fault of that probability happens now.
    mutating func plays(_ name: String, _ probability: Double) -> Bool {
        guard probability > 0, Double.random(in: 0..<1, using: &generator) < probability else { return false }
        faultsPlayed[name, default: 0] += 1
        return true
    }

    mutating func takeFault(of body: [UInt8]) -> SQSStandIn.BodyFault? {
        guard !settings.bodies.isEmpty else { return nil }
        let text = String(decoding: body, as: UTF8.self)
        guard let fault = settings.bodies[text] else { return nil }
        if fault == .failingOnce { settings.bodies[text] = nil }
        return fault
    }
}
