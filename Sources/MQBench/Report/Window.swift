/// One of the equal parts of a throughput phase.
public struct Window: Sendable, Equatable {
    /// How long it really was.
    public var seconds = 0.0
    /// Messages received in it.
    public var messages = 0

    /// Messages per second.
    public var rate: Double { seconds > 0 ? Double(messages) / seconds : 0 }
}

extension Window: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("seconds", &seconds)
        fields.field("messages", &messages)
    }
}
