/// Moves messages between this process and one kind of queue.
///
/// A transport is a value that knows where; an endpoint (`Sender`, `Receiver`, `Admin`) holds the open connection and
/// belongs to the one thread that uses it. To add a transport: one folder, one line in the registry, and a run of the
/// conformance kit. Which error to throw when is said in `TransportError.Code`.
public protocol Transport: Sendable {
    /// Name, schemes, capabilities and options: the one source of help, man page, completion and checks.
    static var descriptor: Descriptor { get }

    /// Understands an address without opening anything.
    ///
    /// An empty target is allowed, since `list` has no queue yet; opening an endpoint then throws `usage`.
    /// - Throws: `usage` for a target or option value that can never be right, `configuration` for a broken setting.
    init(_ address: Address, options: OptionValues) throws(TransportError)

    /// How the address was understood, for `mq explain`: what was derived beyond the options themselves.
    func explain() -> [Fact]

    /// The addresses at which processes meet that were given this one: for `temp`, those of a queue called `unique`.
    /// - Throws: `unsupported` for an address that no other process can use.
    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint

    /// Whether a receiver's messages come from several queues, and say from which (`MessageProperties.queue`).
    var mixesQueues: Bool { get }

    /// - Throws: `unsupported` without the capability, `noSuchQueue`, `permission`, `unreachable`, `cannotCreate`.
    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender
    func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver
    func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin
}

extension Transport {
    public func explain() -> [Fact] { [] }
    public var mixesQueues: Bool { false }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        throw Self.descriptor.lacks(.send)
    }
    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        throw Self.descriptor.lacks(.receive)
    }
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        throw Self.descriptor.lacks(.admin)
    }
}

/// Where both ends of a queue are found by processes that know nothing of each other.
public struct MeetingPoint: Sendable, Equatable {
    public var sending: String
    public var receiving: String
    /// Whether it is nobody else's: who asked for it creates it first and deletes it at the end, where the transport has queues to create.
    public var isPrivate: Bool
    /// Whether only threads of one process meet there.
    public var isProcessLocal: Bool
    /// A file of its own that stays behind when the process that made it is killed.
    public var file: String?
    /// Whether order is promised there; `nil` is what the transport's capabilities say.
    public var isOrdered: Bool?

    public init(
        sending: String, receiving: String? = nil, isPrivate: Bool, isProcessLocal: Bool = false, file: String? = nil,
        isOrdered: Bool? = nil
    ) {
        self.sending = sending
        self.receiving = receiving ?? sending
        self.isPrivate = isPrivate
        self.isProcessLocal = isProcessLocal
        self.file = file
        self.isOrdered = isOrdered
    }
}

/// What every endpoint is given when it is opened.
public struct Opening: Sendable {
    /// Bounds the opening itself, a wait for a first peer included.
    public var deadline: Deadline = .never
    public var stop: StopFlag
    /// Where warnings and the bound endpoint go.
    public var notices: Notices = .none
    /// What messages carry that say nothing else (`--priority` and its kin).
    public var defaults = MessageProperties()
    /// A receiver that shows messages must be opened as one that does.
    public var mode: ReceiveMode = .consume
    /// The most messages to hold that were not handed over yet; `nil` leaves it to the transport.
    public var prefetch: Int?
    /// How many messages the owner of a receiver will ask for in all, `.max` for every one there is: so many may be taken before a call of
    /// `receive` asks for them. `nil` leaves it to each call.
    public var total: Int?
    /// The other end is in this process, too.
    public var sharesProcess = false
    /// A receiver hands over what is ready at once, instead of giving the sender a moment to make the batch larger.
    public var isPrompt = false
    /// How long an established connection that broke is restored, with back-off; `nil` is not at all.
    public var retry: Duration?
    /// The receiver ends (`Outcome.ended`) when the last sender has gone.
    public var endsWithLastSender = false
    /// The receiver may end (`Outcome.ended`) as soon as it knows that the queue is empty: for a transport that can tell so only by
    /// asking. Others are taken to be empty when no message came for `Descriptor.emptyWait`.
    public var endsWhenEmpty = false

    public init(stop: StopFlag) { self.stop = stop }
}

/// Puts messages into a queue.
public protocol Sender: AnyObject {
    /// The largest body in bytes; `nil` when there is none. Known as soon as the sender is open.
    var maximumMessageSize: Int? { get }
    /// Whether a message of no bytes can be sent.
    var acceptsEmptyMessages: Bool { get }

    /// Messages confirmed so far, counted from the first sent, without a hole: the transport's promise reaches this far.
    /// A transport whose calls are synchronous confirms what `send` accepts; a broker's lags until `flush`. A message that
    /// `takeRejections` names leaves no hole: it counts as dealt with.
    var confirmed: Int { get }

    /// Messages confirmed behind the first that is not: a broker may answer out of order.
    var confirmedBehind: Int { get }

    /// Messages that may have arrived though nobody said so. After a `send` that threw, those of its range among them that left.
    var inDoubt: Int { get }

    /// The first message of `range` that this transport can never carry, and why. Nothing is sent.
    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal?

    /// Blocks until all of `range` is accepted, `deadline` passes or `stop` is raised. Transmission of what was accepted
    /// has begun: nothing is held back in the hope of more. A sender that keeps an order accepts less, too, where a message was
    /// refused that the rest must not overtake; the call after `takeRejections` goes on.
    /// - Returns: how many were accepted, from the front of `range`.
    /// - Throws: what ends the sender; `confirmed` tells where. Never for a single message: see `takeRejections`.
    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int

    /// Why the last `send` accepted less than everything when its deadline passed: `tryAgain` for a queue that is full,
    /// `unreachable` where nobody is there to send to.
    var obstacle: TransportError { get }

    /// Messages that the other side refused one by one since the last call, by their number from 0 in order of sending.
    func takeRejections() -> [Rejection]

    /// Waits until accepted messages have left the process and, where the transport can tell, are confirmed.
    /// - Throws: `tryAgain` when the deadline passes first, with what is still unconfirmed in words.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// Things the person should know at the end ("12 messages dropped at the high-water mark").
    var closingRemarks: [String] { get }
}

/// A message that can never be sent.
public struct Refusal: Sendable {
    /// The index in the batch.
    public let index: Int
    public let error: TransportError
    public init(index: Int, error: TransportError) {
        self.index = index
        self.error = error
    }
}

/// A message that the other side refused.
public struct Rejection: Sendable {
    /// Counted from 0, in order of sending.
    public let position: Int
    public let error: TransportError
    public init(position: Int, error: TransportError) {
        self.position = position
        self.error = error
    }
}

extension Sender {
    public var acceptsEmptyMessages: Bool { true }
    public var confirmedBehind: Int { 0 }
    public var inDoubt: Int { 0 }
    public var obstacle: TransportError { TransportError(.tryAgain, "the queue is full") }
    public var closingRemarks: [String] { [] }
    public func takeRejections() -> [Rejection] { [] }

    public func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        let limit = maximumMessageSize ?? Int.max
        let smallest = acceptsEmptyMessages ? 0 : 1
        for index in range {
            let size = batch.size(of: index)
            if size > limit {
                return Refusal(index: index, error: .tooLarge(size, limit: limit))
            }
            if size < smallest {
                return Refusal(
                    index: index, error: TransportError(.unsendable, "this transport cannot carry an empty message", remedy: .skipEmpty))
            }
        }
        return nil
    }
}

/// Takes messages from a queue.
///
/// A message is named by its position: its number from 0 in the order in which the receiver handed messages over, whichever
/// batch it was put into, and whatever has become of that batch since.
public protocol Receiver: AnyObject {
    /// How many messages all calls of `receive` have handed over so far: the position of the next.
    var handedOver: Int { get }

    /// Blocks for a first message, then takes what is ready, up to `limit` messages and about `byteLimit` bytes, without
    /// blocking again. Messages are appended to `batch`. No more than `limit` are taken from the queue by this call and
    /// left unsettled, whatever is prefetched; a transport that cannot keep this says so with a notice.
    ///
    /// From here until `settle` the transport keeps each message the receiver's (TOUCH, visibility), by a thread of its own if need be.
    /// - Throws: what ended the receiver. Messages already appended are still in `batch`.
    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome

    /// Says what became of messages, in any order and at any time until `close`; of each once. A no-op for `.acknowledge` where
    /// the transport has no acknowledgement.
    /// - Throws: `unsupported` for `.requeue` without the capability, `failure` for a message that is settled or was never handed over,
    ///   where the transport keeps account of them.
    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError)

    /// Leaves in good order: what was acknowledged is acknowledged, what was taken ahead goes back where the transport can.
    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// Things the person should know at the end.
    var closingRemarks: [String] { get }
}

extension Receiver {
    public var closingRemarks: [String] { [] }
    public func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
    public func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        guard case .acknowledge = settlement else {
            throw TransportError(.unsupported, "this transport cannot put a message back")
        }
    }

    /// Settles the `count` messages that were handed over last.
    public func settle(last count: Int, as settlement: Settlement) throws(TransportError) {
        try settle(handedOver - count..<handedOver, as: settlement)
    }
}

public enum ReceiveMode: Sendable {
    /// Takes messages from the queue.
    case consume
    /// Shows messages in their order and leaves them where they are; ends (`Outcome.ended`) behind the last.
    case peek
}

public enum Outcome: Sendable, Equatable {
    /// At least one message was appended.
    case received
    case deadlinePassed
    case stopped
    /// There will never be another.
    case ended
}

public enum Settlement: Sendable, Equatable {
    case acknowledge
    case requeue(after: Duration)
}
