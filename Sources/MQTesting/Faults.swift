import MQCore

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
