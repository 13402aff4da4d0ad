import Glibc
import Synchronization

/// Plays nsqd (and, on the same HTTP port, nsqlookupd) on 127.0.0.1: protocol V2 and the part of the HTTP interface that
/// administration and discovery need. One thread owns everything behind it. It behaves as nsqd 1.3.0 was seen to behave;
/// `Settings` makes rare behaviour certain.
public final class NSQStandIn: Sendable {
    /// How it is set up, and what it does wrong.
    public struct Settings: Sendable {
        // What the daemon is told at its start; its own defaults.
        /// `-max-msg-size`, in bytes.
        public var maximumMessageSize = 1 << 20
        /// `-max-body-size`, in bytes.
        public var maximumBodySize = 5 << 20
        /// `-max-rdy-count`, in messages.
        public var maximumReady = 2500
        /// `-msg-timeout`.
        public var messageTimeout: Duration = .seconds(60)
        /// `-max-msg-timeout`.
        public var maximumMessageTimeout: Duration = .seconds(900)
        /// `-max-req-timeout`.
        public var maximumRequeueDelay: Duration = .seconds(3600)
        /// Between heartbeats to a client that asks for no other interval.
        public var heartbeatInterval: Duration = .seconds(30)
        /// With a secret, AUTH is required.
        public var secret: String?
        /// Files in PEM; with them TLS is offered.
        public var certificate: String?
        /// `-tls-key`, in PEM.
        public var privateKey: String?
        /// `-tls-required`: a client without TLS is refused.
        public var requiresTLS = false
        /// Unlike nsqd's own default: a client that goes on after its compression was refused is found.
        public var offersSnappy = false
        /// `-deflate`, with the same difference.
        public var offersDeflate = false

        // Faults, and what happens only sometimes.
        /// The first bytes of everything that is sent go one by one, the rest in small pieces.
        public var splitsFrames = false
        /// A heartbeat goes before each reply.
        public var sendsHeartbeatBeforeReplies = false
        /// An oversized PUB or MPUB ends in a reset and its error text is always lost; otherwise it is a race, as with nsqd.
        public var alwaysLosesOversizeError = false
        /// One more message is sent behind CLOSE_WAIT, if there is one: as by nsqd, where it was chosen for whoever leaves before that.
        public var sendsMessageAfterCloseWait = false
        /// What is sent in one go with an IDENTIFY that leads to TLS or compression is lost, as with nsqd.
        public var swallowsBehindIdentify = true
        /// In-flight messages wait for their timeout when their client goes, as with nsqd. Otherwise they are requeued at once.
        public var keepsInFlightOfTheGone = true
        /// Delays of DPUB are forgotten, as nsqd does when its memory queue is full or it starts again.
        public var forgetsDelays = false
        /// Heartbeats are not sent.
        public var isSilent = false
        /// Replies to PUB, MPUB and DPUB are never sent, though what they publish is taken.
        public var withholdsPublishReplies = false
        /// Every PUB, MPUB and DPUB is refused with these words, as by an nsqd whose disk is full.
        public var refusesPublishes: String?
        /// Nothing is read, answered or sent, and connections stay open: as after SIGSTOP.
        public var isStopped = false
        /// A connection is cut without a reply after so many PUB, MPUB and DPUB on it; the last one's messages are taken.
        public var cutsAfterPublishes: Int?

        /// Monotonic nanoseconds, which heartbeats and the timeouts and delays of messages go by; `nil` is the usual clock.
        public var clock: (@Sendable () -> UInt64)?

        /// The faults that a person can name; none of them is `partial`.
        public var chances = StandInFaults()

        /// As nsqd starts without options.
        public init() {}
    }

    /// The figures of a channel as `/stats` tells them, in messages.
    public struct ChannelState: Sendable, Equatable {
        /// Waiting to be delivered.
        public var depth = 0
        /// Delivered and not finished.
        public var inFlight = 0
        /// Held back until their time has come.
        public var deferred = 0
        /// Put back by clients, since the start.
        public var requeued = 0
        /// Put back because no answer came, since the start.
        public var timedOut = 0
        /// Finished by clients, since the start.
        public var finished = 0
        /// Connections that are subscribed.
        public var clients = 0
    }

    /// Where it speaks nsqd's protocol.
    public let tcpPort: Int
    /// Where it answers over HTTP.
    public let httpPort: Int
    private let tasks = NSQBrokerTasks()
    private let wakeUp: LoopbackSocketPair
    private let thread: Mutex<Background<Void>?>

    /// - Parameters:
    ///   - isPublic: on all interfaces.
    ///   - keepsHistory: what was finished is remembered, for `records`.
    /// - Throws: `StandInFailure` when it cannot listen.
    public init(
        _ settings: Settings = Settings(), tcpPort: Int = 0, httpPort: Int = 0, isPublic: Bool = false, keepsHistory: Bool = false
    ) throws {
        let tcp = try LoopbackSocket.listen(port: tcpPort, isPublic: isPublic)
        let http = try LoopbackSocket.listen(port: httpPort, isPublic: isPublic)
        (self.tcpPort, self.httpPort) = (tcp.localPort, http.localPort)
        wakeUp = try LoopbackSocketPair()
        thread = Mutex(nil)
        let (wakeUp, ports) = (wakeUp, (tcp: self.tcpPort, http: self.httpPort))
        let layers = NSQLayers(settings)
        // The thread holds nothing of this object: it would have to wait for itself if it were the last to let it go.
        let tasks = tasks
        let running = Background {
            let broker = NSQBroker(settings, ports: ports, layers: layers)
            if keepsHistory { broker.history = [] }
            let loop = NSQStandInLoop(broker: broker, tcp: tcp, http: http, wakeUp: wakeUp.inner)
            while loop.turn() {
                for task in tasks.takeAll() { task(broker) }
            }
        }
        thread.withLock { $0 = running }
    }

    deinit { stop() }

    /// Ends all connections and listens no more. A new one may take the same ports.
    public func stop() {
        wakeUp.outer.shutDown()
        if let running = thread.withLock({ $0.take() }) { _ = try? running.join() }
    }

    /// Runs `body` on the broker's thread and returns what it returned; nil once the stand-in was stopped.
    private func ask<Value: Sendable>(_ body: @escaping @Sendable (NSQBroker) -> Value) -> Value? {
        let answer = Answer<Value>()
        tasks.append { answer.give(body($0)) }
        wakeUp.outer.write([0])
        while true {
            if let value = answer.value { return value }
            if thread.withLock({ $0?.isDone ?? true }) { return answer.value }
            usleep(200)
        }
    }

    /// Changes settings from now on.
    public func change(_ body: @escaping @Sendable (inout Settings) -> Void) { _ = ask { body(&$0.settings) } }

    /// Puts messages into a topic, which is made if need be.
    public func publish(_ bodies: [[UInt8]], to topic: String) { _ = ask { $0.publish(bodies, to: topic) } }

    /// What a channel holds; nil when there is none.
    public func state(_ topic: String, _ channel: String) -> ChannelState? {
        ask { $0.topics[topic]?.channels[channel].map { channel in channel.state } } ?? nil
    }

    /// How many messages wait in a topic for its first channel; nil when there is no such topic.
    public func depth(of topic: String) -> Int? { ask { $0.topics[topic].map { $0.backlog.count } } ?? nil }

    /// Every message there was, or is where no history is kept, by topic and channel.
    public var records: [StandInRecord] { ask { ($0.history ?? []) + $0.left } ?? [] }

    /// Whether a layer of that name can be had here: `tls`, `snappy`, `deflate`.
    public static func offers(_ settings: Settings) -> (tls: Bool, snappy: Bool, deflate: Bool) {
        let layers = NSQLayers(settings)
        return (layers.offersTLS && layers.tls() != nil, layers.snappy() != nil, layers.deflate(level: 6) != nil)
    }

    /// How often each command came since the start.
    public var commands: [String: Int] { ask { $0.commandCounts } ?? [:] }

    /// Cuts all connections of the V2 protocol, with a reset or as a peer that ends properly.
    public func cutConnections(withReset: Bool = true) {
        _ = ask { broker in
            for client in broker.clients { client.end(withReset: withReset) }
        }
    }

    /// A heartbeat to everybody, now.
    public func sendHeartbeats() { _ = ask { broker in for client in broker.clients { broker.sendHeartbeat(to: client) } } }
}

/// What is still to be done on the broker's thread.
private final class NSQBrokerTasks: Sendable {
    private let tasks = Mutex<[@Sendable (NSQBroker) -> Void]>([])
    func append(_ task: @escaping @Sendable (NSQBroker) -> Void) { tasks.withLock { $0.append(task) } }
    func takeAll() -> [@Sendable (NSQBroker) -> Void] { tasks.withLock { exchange(&$0, with: []) } }
}

/// A value handed from one thread to another.
private final class Answer<Value: Sendable>: Sendable {
    private let box = Mutex<Value?>(nil)
    var value: Value? { box.withLock { $0 } }
    func give(_ value: Value) { box.withLock { $0 = value } }
}

func exchange<Value>(_ place: inout Value, with value: Value) -> Value {
    let old = place
    place = value
    return old
}
