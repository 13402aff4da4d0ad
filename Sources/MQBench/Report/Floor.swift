/// What the harness itself costs.
public struct Floor: Sendable, Equatable {
    /// Its throughput.
    public var messagesPerSecond = 0.0
    /// Seconds, response time at the median and at p99.
    public var p50 = 0.0
    /// Response time in seconds: 99 in 100 messages take no longer.
    public var p99 = 0.0

    /// From this share on, percentiles are told when they are above `p99`: below, it is the machine's pauses that they show.
    static let tailShare = 0.99

    /// Seconds below which a percentile says nothing.
    func bound(at share: Double) -> Double { share >= Self.tailShare ? max(p50, p99) : p50 }
}

extension Floor: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("messagesPerSecond", &messagesPerSecond)
        fields.field("p50", &p50)
        fields.field("p99", &p99)
    }
}
