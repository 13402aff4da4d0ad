/// Closed loop: as fast as it goes.
public struct Throughput: Sendable, Equatable {
    /// The median of the windows.
    public var messagesPerSecond = 0.0
    /// In the order in which they were measured.
    public var windows: [Window] = []
    /// Of the whole phase, its warm-up included.
    public var account = Account()
    /// What sending cost.
    public var producers = Cost()
    /// What receiving cost.
    public var consumers = Cost()
    /// How many messages were under way at most; absent where nothing bounded them but the queue.
    public var window: Int?
    /// Messages that the costs belong to.
    public var measuredMessages = 0
    /// Sentences that limit what the figure says: a first window that differs, windows that scatter.
    public var warnings: [String] = []
    /// Sentences that void it; empty when it is valid.
    public var invalid: [String] = []

    /// The lowest and the highest window.
    public var range: ClosedRange<Double> {
        let rates = windows.map(\.rate)
        return (rates.min() ?? 0)...(rates.max() ?? 0)
    }

    /// Half the range, as a share of the median.
    public var spread: Double { messagesPerSecond > 0 ? (range.upperBound - range.lowerBound) / 2 / messagesPerSecond : 0 }
}

extension Throughput: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("messagesPerSecond", &messagesPerSecond)
        fields.field("windows", &windows)
        fields.field("account", &account)
        fields.field("producers", &producers)
        fields.field("consumers", &consumers)
        fields.field("window", &window)
        fields.field("measuredMessages", &measuredMessages)
        fields.field("warnings", &warnings)
        fields.field("invalid", &invalid)
    }
}
