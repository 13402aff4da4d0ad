/// Open loop: message i is due at start + i / rate, whatever became of those before it.
public struct Latency: Sendable, Equatable {
    /// Messages per second, asked for and kept.
    public var rate = 0.0
    /// The rate that was kept.
    public var achievedRate = 0.0
    /// Higher rates that were tried before, at which the generator did not keep its schedule.
    public var skippedRates: [Double]?
    /// From when a message was due until it was received; with `roundTrip` until its answer was.
    public var response = Distribution()
    /// From when it was really sent. Absent for messages under 24 bytes, which have no room for the second stamp.
    public var service: Distribution?
    /// How late the generator was: from due to sent.
    public var publishDelay = Distribution()
    /// Of the whole phase, its warm-up included.
    public var account = Account()
    /// What sending cost.
    public var producers = Cost()
    /// What receiving cost.
    public var consumers = Cost()
    /// Sentences that limit what the figures say.
    public var warnings: [String] = []
    /// Sentences that void it (a generator that could not keep up); empty when it is valid.
    public var invalid: [String] = []

    /// Whether the generator did not keep its schedule.
    var isLate: Bool { invalid.contains { $0.hasPrefix(Self.generator) } }

    /// How the sentences about the generator begin.
    static let generator = "the generator "
}

extension Latency: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("rate", &rate)
        fields.field("achievedRate", &achievedRate)
        fields.field("skippedRates", &skippedRates)
        fields.field("response", &response)
        fields.field("service", &service)
        fields.field("publishDelay", &publishDelay)
        fields.field("account", &account)
        fields.field("producers", &producers)
        fields.field("consumers", &consumers)
        fields.field("warnings", &warnings)
        fields.field("invalid", &invalid)
    }
}
