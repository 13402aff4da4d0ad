/// A distribution in seconds. `log` is the histogram itself in HdrHistogram's V2 compressed encoding, base64, in nanoseconds.
public struct Distribution: Sendable, Equatable {
    public var count = 0
    public var min = 0.0
    public var mean = 0.0
    public var p50 = 0.0
    public var p90 = 0.0
    public var p99 = 0.0
    public var p999 = 0.0
    public var max = 0.0
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
