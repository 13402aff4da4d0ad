/// What a transport carries beside the bytes. Everything is optional; a transport ignores what it cannot carry
/// when it sends, and fills in what it knows when it receives.
public struct MessageProperties: Sendable, Equatable {
    /// The broker's identity of the message.
    public var id: String?
    /// When the message was accepted by the queue, in nanoseconds since 1970.
    public var timestamp: Int64?
    /// When it was delivered for the first time, in nanoseconds since 1970, where the broker remembers.
    public var firstReceived: Int64?
    /// How often the message was delivered, this time included.
    public var attempts: Int?
    /// posix-mq: 0…32767, the highest is delivered first.
    public var priority: Int?
    /// sysv: the message type, 1 or more.
    public var type: Int?
    /// zmq: the lengths in bytes of the frames the body consists of; `nil` for a single frame.
    public var frames: [Int]?
    /// sqs: named values beside the body, in the order in which they came.
    public var attributes: [Attribute] = []
    /// The group within which order is kept.
    public var group: String?
    /// The identity by which a broker drops a duplicate.
    public var dedup: String?
    /// How long the queue holds the message back before it delivers it.
    public var delay: Duration?
    /// The name of the queue that the message came from, where a receiver has several.
    public var queue: String?

    /// Nothing is set: the body is all there is.
    public init() {}

    /// Takes from `defaults` what is not set here.
    public func filled(from defaults: MessageProperties) -> MessageProperties {
        var result = self
        result.priority = priority ?? defaults.priority
        result.type = type ?? defaults.type
        result.group = group ?? defaults.group
        result.dedup = dedup ?? defaults.dedup
        result.delay = delay ?? defaults.delay
        if attributes.isEmpty { result.attributes = defaults.attributes }
        return result
    }
}
