/// What is known of one queue.
public struct QueueStatus: Sendable {
    /// The address by which `mq` reaches it.
    public var address: String
    /// Shown in this order; `list` takes those whose keys are in the listing's columns.
    public var facts: [Fact]
    /// What it consists of: the channels of a topic, its shares in several brokers. `stat` shows them below, in a table.
    public var parts: [QueueStatus] = []

    public init(address: String, facts: [Fact]) {
        self.address = address
        self.facts = facts
    }

    public subscript(key: String) -> Fact.Value? { facts.first { $0.key == key }?.value }
}
