public import MQCore
import Synchronization

/// What a `FaultyTransport` does wrong. Nothing by chance: the same messages meet the same faults.
public struct Faults: Sendable, Equatable {
    /// A pause of one side: nothing passes for `length`, every `period`, the first time `offset` after its first call.
    public struct Stall: Sendable, Equatable {
        public var length: Duration
        public var period: Duration
        public var offset: Duration

        public init(_ length: Duration, every period: Duration, offset: Duration? = nil) {
            (self.length, self.period, self.offset) = (length, period, offset ?? period)
        }
    }

    public var senderStall: Stall?
    public var receiverStall: Stall?
    /// Every Nth message of a sender is not passed on, passed on twice, or behind its successor; 0 is never.
    public var dropEvery = 0
    public var duplicateEvery = 0
    public var swapEvery = 0
    /// Confirmations are so many messages late, until `flush`.
    public var confirmLag = 0
    /// Every Nth message of a sender is refused one by one, after it was accepted; 0 is never.
    public var rejectEvery = 0
    /// The connection of a sender breaks in front of that message, counted from 1; 0 is never.
    public var breakAt = 0
    /// How long handing over a message takes, and receiving one: what bounds the rate.
    public var sendTime = Duration.zero
    public var receiveTime = Duration.zero
    /// How long a call that sends takes, however many messages it hands over.
    public var callTime = Duration.zero
    /// Whether its queues say that they keep the order.
    public var promisesOrder = true

    public init() {}
}

/// What was done wrong, by all senders of a transport together.
public final class FaultRecord: Sendable {
    public struct Counts: Sendable, Equatable {
        public var dropped = 0
        public var duplicated = 0
        public var swapped = 0
        public var rejected = 0
    }

    private let state = Mutex(Counts())
    public init() {}
    public var counts: Counts { state.withLock { $0 } }
    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}

/// A transport in this process that breaks its promises as told: what measures must find out every one of them.
///
/// Its addresses are those of the transport behind it, with the scheme `faulty`.
public struct FaultyTransport: Transport {
    public static let descriptor = Descriptor(
        name: "faulty", schemes: ["faulty"], summary: "breaks its promises as told", forms: ["faulty:NAME"],
        capabilities: [.send, .receive, .admin, .temporary, .processLocal, .ordered], options: [], notes: [], examples: [])

    private let base: any Transport
    private let faults: Faults
    private let record: FaultRecord

    public init(_ base: any Transport, _ faults: Faults, record: FaultRecord = FaultRecord()) {
        (self.base, self.faults, self.record) = (base, faults, record)
    }

    /// An address alone does not say what is behind it.
    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        throw TransportError(.unsupported, "faulty is made by tests only")
    }

    /// The address of the transport behind, with the scheme changed.
    public static func address(_ text: String, scheme: String = "faulty") -> String {
        scheme + (text.firstIndex(of: ":").map { String(text[$0...]) } ?? ":" + text)
    }

    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let point = try base.meetingPoint(named: unique)
        return MeetingPoint(
            sending: Self.address(point.sending), receiving: Self.address(point.receiving), isPrivate: point.isPrivate,
            isOrdered: faults.promisesOrder ? point.isOrdered : false)
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        FaultySender(try base.openSender(opening), faults, record)
    }
    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        FaultyReceiver(try base.openReceiver(opening), faults)
    }
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin { try base.openAdmin(opening) }
}
