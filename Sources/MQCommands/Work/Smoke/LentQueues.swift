import Glibc
import MQCore
import Synchronization

/// Queues that exist while a command runs: made one by one, removed on every way out.
final class LentQueues: Sendable {
    /// One of them, as the command is told of it.
    struct Queue: Sendable {
        var address: String
        /// Where the address for receiving is another.
        var receiving: String
        var name: String
        var variables: [(name: String, value: String)]
    }

    private struct State {
        var queues: [Queue] = []
        /// What to remove: addresses of queues, and paths of files.
        var made: [String] = []
        var brokers: [MockBroker] = []
        var token: ExitCleanup.Token?
    }

    private let owner = Mutex<QueueOwner?>(QueueOwner())
    private let state = Mutex(State())
    private let uniqueName: String
    /// What asking a broker for one of its queues may take.
    private static let patience = Duration.seconds(10)

    init() {
        uniqueName = owner.withLock { $0!.name }
        let token = ExitCleanup.register { [weak self] in self?.remove() }
        state.withLock { $0.token = token }
    }

    deinit { remove() }

    var queues: [Queue] { state.withLock { $0.queues } }

    /// - Parameter text: `posix-mq:`, `nsq://host:4150`, `sqs:.fifo,visibility=5s`, `mock:sqs`.
    /// - Throws: `cannotCreate`; `usage` for an address that names a queue.
    func make(_ text: String, _ options: [String], stop: StopFlag) throws(TransportError) {
        let number = state.withLock { $0.queues.count + 1 }
        let name = "\(uniqueName)-\(number)"
        if text.hasPrefix(MockBroker.Kind.scheme) { return try makeBroker(text, name) }
        let (address, suffix) = try Self.completed(text)
        let resolved = try ResolvedAddress(address, options: options)
        try resolved.require(.temporary, for: "make a private queue")
        if resolved.descriptor.capabilities.contains(.processLocal) {
            throw TransportError(.usage, "'\(text)' is a queue within one process", hint: "posix-mq:, sysv:, zmq:, nsq:, sqs:")
        }
        let transport = try resolved.transport()
        let point = try transport.meetingPoint(named: name + suffix)
        guard point.isPrivate, !point.isProcessLocal else {
            throw TransportError(
                .usage, "'\(text)' is not a queue that can be made for a command",
                hint: "posix-mq:, sysv:, zmq:, nsq:, sqs:, mock:sqs, mock:nsq")
        }
        let isAdministered = resolved.descriptor.capabilities.contains(.admin)
        do throws(TransportError) {
            // Written down first: whoever is killed between the two has made nothing, or it is found.
            if let file = point.file { note("file:\(file)") }
            if isAdministered {
                note(point.sending)
                var opening = Opening(stop: stop)
                opening.deadline = .after(Self.patience)
                _ = try ResolvedAddress(point.receiving, options: []).transport().openAdmin(opening).create(exclusive: true)
            }
        } catch {
            // Nothing was made, unless the answer was lost.
            if error.code != .tryAgain { state.withLock { $0.made.removeAll { $0 == point.sending } } }
            switch error.code {
            case .usage, .unsupported, .configuration: throw error
            default: throw TransportError(.cannotCreate, "\(text): \(error.message)", hint: error.hint)
            }
        }
        // A queue is one place for both; two endpoints that meet have an address each.
        let whole = try ResolvedAddress(isAdministered ? point.receiving : point.sending, options: []).address
        let queue = Queue(
            address: whole.text, receiving: point.receiving, name: whole.queueName, variables: transport.clientVariables())
        state.withLock { $0.queues.append(queue) }
    }

    private func makeBroker(_ text: String, _ name: String) throws(TransportError) {
        let word = String(text.dropFirst(MockBroker.Kind.scheme.count))
        guard let kind = MockBroker.Kind(rawValue: word) else {
            throw TransportError(.usage, "there is no mock of '\(word)'", hint: "mock:sqs, mock:nsq")
        }
        let broker = try MockBroker(MockBroker.Plan(kind: kind, isLookup: true))
        broker.makeQueue(name)
        let whole = kind == .nsq ? String(name.prefix(60)) + "/mq" : name
        let address = broker.address(of: whole)
        if kind == .nsq {
            _ = try ResolvedAddress(address, options: []).transport().openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
        }
        state.withLock { state in
            state.brokers.append(broker)
            state.queues.append(Queue(address: address, receiving: address, name: whole, variables: broker.variables))
        }
    }

    private func note(_ thing: String) {
        owner.withLock { $0?.note(thing) }
        state.withLock { $0.made.append(thing) }
    }

    /// The address of a private queue, and what its name ends in.
    private static func completed(_ text: String) throws(TransportError) -> (address: String, suffix: String) {
        if let completed = PrivateAddress.completed(text) { return completed }
        let scheme = text.prefix { $0 != ":" }
        throw TransportError(.usage, "'\(text)' names a queue, and mq with makes one of its own", hint: "\(scheme): alone")
    }

    /// Removes everything, once.
    func remove() {
        let (made, brokers, token) = state.withLock { state -> ([String], [MockBroker], ExitCleanup.Token?) in
            defer { (state.made, state.brokers, state.token) = ([], [], nil) }
            return (state.made, state.brokers, state.token)
        }
        if let token { ExitCleanup.cancel(token) }
        let left = made.reversed().filter { !Self.remove($0) }
        for broker in brokers { broker.stop() }
        // What could not be removed is the next run's to try.
        owner.withLock { owner in
            if left.isEmpty { owner?.forget() }
            owner = nil
        }
    }

    /// - Returns: whether there is nothing at the address any more.
    static func remove(_ thing: String, until deadline: Deadline = .after(.seconds(5))) -> Bool {
        if thing.hasPrefix("file:") {
            let path = String(thing.dropFirst("file:".count))
            return unlink(path) == 0 || errno == ENOENT
        }
        var opening = Opening(stop: StopFlag())
        opening.deadline = deadline
        do throws(TransportError) {
            try ResolvedAddress(thing, options: []).transport().openAdmin(opening).delete()
            return true
        } catch {
            return error.code == .noSuchQueue
        }
    }
}
