/// What is known of one queue.
public struct QueueStatus: Sendable {
    /// The address by which `mq` reaches it.
    public var address: String
    /// Shown in this order; `list` takes those whose keys are in the listing's columns. Made anew each time where the status was given
    /// the means to: a machine may have tens of thousands of queues.
    public var facts: [Fact] {
        get { made?() ?? known }
        set { (known, made) = (newValue, nil) }
    }
    private var known: [Fact] = []
    private var made: (@Sendable () -> [Fact])?
    /// What it consists of: the channels of a topic, its shares in several brokers. `stat` shows them below, in a table.
    public var parts: [QueueStatus] = []

    /// A status whose facts are known already.
    public init(address: String, facts: [Fact]) {
        self.address = address
        known = facts
    }

    /// - Parameter facts: makes them.
    public init(address: String, facts: @escaping @Sendable () -> [Fact]) {
        self.address = address
        made = facts
    }

    /// The value of the fact of that key.
    public subscript(key: String) -> Fact.Value? { facts.first { $0.key == key }?.value }
}
