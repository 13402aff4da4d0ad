import MQCore

/// What a `FaultyTransport` does wrong. Nothing by chance: the same messages meet the same faults.
public struct Faults: Sendable, Equatable {
    /// A pause of one side: nothing passes for `length`, every `period`, the first time `offset` after its first call.
    public struct Stall: Sendable, Equatable {
        /// How long nothing passes.
        public var length: Duration
        /// From the beginning of one pause to that of the next.
        public var period: Duration
        /// From the first call to the first pause.
        public var offset: Duration

        /// - Parameter offset: `nil` is one period.
        public init(_ length: Duration, every period: Duration, offset: Duration? = nil) {
            (self.length, self.period, self.offset) = (length, period, offset ?? period)
        }
    }

    /// How a broker answers that takes everything. Numbers are of messages, from 0.
    public struct Answers: Sendable, Equatable {
        /// Refused, and told by the first call of `send`.
        public var refusedAtOnce: [Int] = []
        /// Refused, and told by `flush`, in this order.
        public var refusedLate: [Int] = []
        /// `flush` fails, and from this message on nothing was answered but what `confirmedBehind` says.
        public var breaksAt: Int?
        /// How many messages behind `breaksAt` are confirmed.
        public var confirmedBehind = 0

        /// Everything is confirmed by `flush`.
        public init() {}
    }

    /// The promise that every sender and every receiver breaks. With one, nothing but `failedOpenings` and `faultyOpenings` counts.
    public var fault: Fault?
    /// Senders pass nothing on and answer so.
    public var answers: Answers?
    /// How often nobody is there when a sender is opened.
    public var failedOpenings = 0
    /// How many senders do anything wrong, from the first that is opened.
    public var faultyOpenings = Int.max
    /// Pauses of sending.
    public var senderStall: Stall?
    /// Pauses of receiving.
    public var receiverStall: Stall?
    /// Every Nth message of a sender is not passed on, passed on twice, or behind its successor; 0 is never.
    public var dropEvery = 0
    /// Every Nth message of a sender is passed on twice; 0 is never.
    public var duplicateEvery = 0
    /// Every Nth message of a sender is passed on behind its successor; 0 is never.
    public var swapEvery = 0
    /// Confirmations are so many messages late, until `flush`.
    public var confirmLag = 0
    /// Every Nth message of a sender is refused one by one, after it was accepted; 0 is never.
    public var rejectEvery = 0
    /// The connection of a sender breaks in front of that message, counted from 1; 0 is never.
    public var breakAt = 0
    /// How long handing over a message takes, and receiving one: what bounds the rate.
    public var sendTime = Duration.zero
    /// How long receiving a message takes.
    public var receiveTime = Duration.zero
    /// How long a call that sends takes, however many messages it hands over.
    public var callTime = Duration.zero
    /// Whether its queues say that they keep the order.
    public var promisesOrder = true

    /// Nothing is wrong.
    public init() {}
}
