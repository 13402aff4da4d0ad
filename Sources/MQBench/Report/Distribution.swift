/// A distribution in seconds. `log` is the histogram itself in HdrHistogram's V2 compressed encoding, base64, in nanoseconds.
public struct Distribution: Sendable, Equatable {
    /// Values measured.
    public var count = 0
    /// The lowest value.
    public var min = 0.0
    /// Of the values as measured, not of the histogram's buckets.
    public var mean = 0.0
    /// The median.
    public var p50 = 0.0
    /// Nine in ten are no higher.
    public var p90 = 0.0
    /// 99 in 100 are no higher.
    public var p99 = 0.0
    /// 999 in 1000 are no higher.
    public var p999 = 0.0
    /// The highest value, exact.
    public var max = 0.0
    /// The histogram; empty when nothing was measured.
    public var log = ""
}

extension Distribution: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("count", &count)
        fields.field("min", &min)
        fields.field("mean", &mean)
        fields.field("p50", &p50)
        fields.field("p90", &p90)
        fields.field("p99", &p99)
        fields.field("p999", &p999)
        fields.field("max", &max)
        fields.field("log", &log)
    }
}
