/// What was sent and what came of it, exact.
public struct Account: Sendable, Equatable {
    /// Messages that the queue accepted.
    public var sent = 0
    /// Different messages that arrived.
    public var received = 0
    /// Messages that were accepted and never arrived.
    public var lost = 0
    /// Arrivals beyond the first of a message.
    public var duplicated = 0
    /// Messages that came behind a later one of the same producer.
    public var reordered = 0
}

extension Account: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("sent", &sent)
        fields.field("received", &received)
        fields.field("lost", &lost)
        fields.field("duplicated", &duplicated)
        fields.field("reordered", &reordered)
    }
}
