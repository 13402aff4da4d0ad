import Glibc
import Synchronization

/// Plays SQS on 127.0.0.1: AWS JSON 1.0 over HTTP/1.1 with kept connections, a thread for each. Fast enough to be the other
/// end of a measurement, and on demand as broken as a network and a service can be.
public final class SQSStandIn: Sendable {
    /// How it is set up, and what it does wrong.
    public struct Settings: Sendable {
        /// The seed of everything that is random.
        public var seed: UInt64 = 1
        /// What goes wrong by chance.
        public var faults = Faults()
        /// What goes wrong every time, by the name of the operation.
        public var operations: [String: Behaviour] = [:]
        /// Operations that it does not know, as emulators do not.
        public var missing: Set<String> = []
        /// What goes wrong with the messages of these bodies.
        public var bodies: [String: BodyFault] = [:]
        /// How far its clock is ahead. Requests signed more than five minutes off are refused, with the right time in `Date`.
        public var clockSkew: Duration = .zero
        /// Bytes of a message, its attributes included.
        public var maximumMessageSize = 1 << 20
        /// Bytes of all messages of one request.
        public var maximumBatchSize = 1 << 20
        /// Requests without a signature, or with an old one, are carried out.
        public var acceptsUnsigned = false
        /// The secrets by the name of their key: with them signatures are checked.
        public var keys: [String: String]?
        /// Before each reply.
        public var delay: Duration = .zero
        /// How long a poll that finds nothing waits for each second that it asks for.
        public var pollSecond: Duration = .seconds(1)
        /// Receipt handles as long as they may become at AWS: over 1 kB.
        public var hasLongReceipts = false

        /// Nothing goes wrong.
        public init() {}

        /// The faults that a person can name.
        public var chances: StandInFaults {
            get {
                var chances = StandInFaults()
                (chances.throttle, chances.reset, chances.partial) = (faults.throttle, faults.reset, faults.failedEntry)
                (chances.duplicate, chances.delay) = (faults.duplicate, delay)
                return chances
            }
            set {
                (faults.throttle, faults.reset, faults.failedEntry) = (newValue.throttle, newValue.reset, newValue.partial)
                (faults.duplicate, delay) = (newValue.duplicate, newValue.delay)
            }
        }
    }

    /// What an operation does every time.
    public enum Behaviour: Sendable {
        /// It is carried out, and never answered.
        case hang
        /// It is carried out, and answered so much later.
        case late(Duration)
        /// It is carried out, and answered with a reply of another protocol.
        case foreign
        /// It is refused in words of goaws: the code stands in `Code`.
        case refuse(code: String)
    }

    /// What sending a message comes to.
    public enum BodyFault: Sendable {
        /// Fails with `SenderFault` true.
        case refused
        /// Fails every time as if it would pass.
        case failing
        /// Fails the first time as if it would pass.
        case failingOnce
        /// Is in neither list, every time.
        case missing
    }

    /// The probability of each fault for one request (or one entry of a batch), 0…1.
    public struct Faults: Sendable {
        // The request is executed.
        /// The connection is closed instead of a reply.
        public var lostReply = 0.0
        /// The connection is closed within the reply's body.
        public var truncatedReply = 0.0
        /// No reply for `hangTime`, then the connection is closed.
        public var hang = 0.0
        /// How long a reply is withheld by `hang`.
        public var hangTime: Duration = .seconds(30)
        /// The checksums of bodies are wrong.
        public var wrongMD5 = 0.0
        /// The reply is compressed, if the client takes that.
        public var gzip = 0.0
        /// Empty lists are null.
        public var nulls = 0.0
        /// The entries of a reply are in some other order.
        public var shuffled = 0.0
        /// A receive brings fewer messages than there are.
        public var partFilled = 0.0
        /// A message that was received from a standard queue can be received once more at once.
        public var duplicate = 0.0

        // The request is not executed.
        /// The connection is closed without a reply.
        public var closedConnection = 0.0
        /// The same by a reset.
        public var reset = 0.0
        /// Status 400 with a throttling code.
        public var throttle = 0.0
        /// Status 500 or 503 in JSON.
        public var serverError = 0.0
        /// Status 503 with an error in XML, as old front ends send it.
        public var xmlError = 0.0
        /// Status 502 with a page, as a load balancer sends it.
        public var htmlError = 0.0

        // One entry of a batch.
        /// Not executed, in `Failed` with `SenderFault` false.
        public var failedEntry = 0.0
        /// The same with the text "false".
        public var failedEntryAsText = 0.0
        /// Not executed, in `Failed` with `SenderFault` true: trying again would not help.
        public var senderFault = 0.0
        /// Not executed and in neither list.
        public var missingEntry = 0.0

        /// Nothing goes wrong.
        public init() {}

        /// Every fault that ends by itself, at the same probability: all but `senderFault`, `wrongMD5` and `hang`.
        public static func all(_ probability: Double) -> Faults {
            var faults = Faults()
            (faults.lostReply, faults.truncatedReply, faults.gzip, faults.nulls) = (probability, probability, probability, probability)
            (faults.shuffled, faults.partFilled, faults.closedConnection) = (probability, probability, probability)
            (faults.throttle, faults.serverError, faults.xmlError, faults.htmlError) = (probability, probability, probability, probability)
            (faults.failedEntry, faults.failedEntryAsText, faults.missingEntry) = (probability, probability, probability)
            return faults
        }
    }

    /// Of 127.0.0.1.
    public let port: Int
    /// As `AWS_ENDPOINT_URL` takes it.
    public let endpoint: String
    let service: SQSService
    private let listener: LoopbackSocket
    private let connections = SQSConnections()
    private let acceptor: Mutex<Background<Void>?>

    /// - Throws: `StandInFailure` when it cannot listen.
    /// - Parameters:
    ///   - isPublic: on all interfaces.
    ///   - keepsHistory: what was deleted is remembered, for `records`.
    public init(_ settings: Settings = Settings(), port: Int = 0, isPublic: Bool = false, keepsHistory: Bool = false) throws {
        listener = try LoopbackSocket.listen(port: port, isPublic: isPublic)
        self.port = listener.localPort
        endpoint = "http://127.0.0.1:\(self.port)"
        service = SQSService(settings, endpoint: endpoint)
        service.withState { $0.keepsHistory = keepsHistory }
        acceptor = Mutex(nil)
        // The thread holds nothing of this object: it would have to wait for itself if it were the last to let it go.
        let (listener, service, connections) = (listener, service, connections)
        let accepting = Background {
            while let socket = listener.accept() {
                connections.note(socket)
                _ = Background { SQSConnection(socket, service).serve() }
            }
        }
        acceptor.withLock { $0 = accepting }
    }

    deinit { stop() }

    /// Ends all connections and listens no more.
    public func stop() {
        listener.shutDown()
        if let accepting = acceptor.withLock({ $0.take() }) { _ = try? accepting.join() }
        service.end()
        connections.shutDown()
    }

    // MARK: what tests ask

    /// For clients of it.
    public var environment: [String: String] {
        var all = Self.credentials
        all["AWS_ENDPOINT_URL"] = endpoint
        return all
    }

    /// Those of nobody, a region, and no question to the cloud's metadata service.
    public static let credentials = [
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    ]

    /// Whether the library for checksums is there.
    public static var isSupported: Bool { LoopbackLibrary("libcrypto.so.3") != nil }

    /// The URL of a queue of this name, which need not exist.
    public func url(of queue: String) -> String { service.url(of: queue) }

    /// Makes a queue; attributes as CreateQueue takes them.
    public func createQueue(_ name: String, attributes: [String: String] = [:]) {
        service.withState { _ = service.makeQueue(name, attributes, &$0) }
    }

    /// Every message there was, or is where no history is kept, in the order of their queues.
    public var records: [StandInRecord] {
        service.withState { state in
            state.queues.values.sorted { $0.name < $1.name }.flatMap { queue -> [StandInRecord] in
                queue.expire(loopbackNanoseconds())
                let left = queue.messages.values.sorted { $0.serial < $1.serial }
                return (queue.history ?? []).map { Self.record($0, queue.name, .deleted) }
                    + left.map { Self.record($0, queue.name, queue.hidden.contains($0.serial) && $0.receiveCount > 0 ? .inFlight : .left) }
            }
        }
    }

    private static func record(_ message: SQSMessage, _ queue: String, _ state: StandInRecord.State) -> StandInRecord {
        StandInRecord(
            queue: queue, id: String(decoding: message.id, as: UTF8.self), state: state, receives: message.receiveCount, body: message.body)
    }

    /// Everything a queue holds, visible or not, in the order of arrival; nil when there is no such queue.
    public func bodies(in queue: String) -> [[UInt8]]? {
        service.withState { $0.queues[queue].map { queue in queue.messages.sorted { $0.key < $1.key }.map { $0.value.body } } }
    }

    /// How many messages were received and neither deleted nor made visible.
    public func inFlight(in queue: String) -> Int? {
        service.withState { state in
            state.queues[queue].map { queue in
                queue.expire(loopbackNanoseconds())
                return queue.hidden.count { queue.messages[$0]?.receiveCount != 0 }
            }
        }
    }

    /// How often each operation came.
    public var requests: [String: Int] { service.withState { $0.requests } }
    /// How often each fault was played.
    public var faultsPlayed: [String: Int] { service.withState { $0.faultsPlayed } }

    /// Changes its settings while it runs.
    public func change(_ body: (inout Settings) -> Void) { service.withState { body(&$0.settings) } }
}

/// The connections that are open, and others that were.
private final class SQSConnections: Sendable {
    private struct Entry { weak var socket: LoopbackSocket? }
    private let all = Mutex<[Entry]>([])

    func note(_ socket: LoopbackSocket) {
        all.withLock { all in
            if all.count > 64 { all.removeAll { $0.socket == nil } }
            all.append(Entry(socket: socket))
        }
    }

    func shutDown() { all.withLock { for entry in exchange(&$0, with: []) { entry.socket?.shutDown() } } }
}
