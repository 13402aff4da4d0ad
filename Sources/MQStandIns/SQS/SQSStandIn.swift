import Glibc
import Synchronization

/// Plays SQS on 127.0.0.1: AWS JSON 1.0 over HTTP/1.1 with kept connections, a thread for each. Fast enough to be the other
/// end of a measurement, and on demand as broken as a network and a service can be.
public final class SQSStandIn: Sendable {
    public struct Settings: Sendable {
        /// The seed of everything that is random.
        public var seed: UInt64 = 1
        public var faults = Faults()
        /// What goes wrong every time, by the name of the operation.
        public var operations: [String: Behaviour] = [:]
        /// What goes wrong with the messages of these bodies.
        public var bodies: [String: BodyFault] = [:]
        /// How far its clock is ahead. Requests signed more than five minutes off are refused, with the right time in `Date`.
        public var clockSkew: Duration = .zero
        public var maximumMessageSize = 1 << 20
        public var maximumBatchSize = 1 << 20
        /// Receipt handles as long as they may become at AWS: over 1 kB.
        public var hasLongReceipts = false

        public init() {}
    }

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

        // The request is not executed.
        /// The connection is closed without a reply.
        public var closedConnection = 0.0
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

    public let port: Int
    public let endpoint: String
    let service: SQSService
    private let listener: LoopbackSocket
    private let connections = SQSConnections()
    private let acceptor: Mutex<Background<Void>?>

    /// - Throws: `StandInFailure` when it cannot listen.
    public init(_ settings: Settings = Settings(), port: Int = 0) throws {
        listener = try LoopbackSocket.listen(port: port)
        self.port = listener.localPort
        endpoint = "http://127.0.0.1:\(self.port)"
        service = SQSService(settings, endpoint: endpoint)
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
    package static let credentials = [
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    ]

    public func url(of queue: String) -> String { service.url(of: queue) }

    /// Makes a queue; attributes as CreateQueue takes them.
    public func createQueue(_ name: String, attributes: [String: String] = [:]) {
        service.withState { $0.queues[name] = SQSQueue(name, attributes) }
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
