/// The percentiles of one result as they are shown, the same in a terminal, in Markdown and in a page.
struct LatencyCells {
    /// Percentiles in the order of `names`, and the maximum.
    static let names = ["p50", "p90", "p99", "p99.9", "max"]
    static let shares = [0.5, 0.9, 0.99, 0.999]

    var rate: String
    var percentiles: [String]
    /// p99 of how late the generator was.
    var delay: String
    var isInvalid: Bool
    /// Whether one of `percentiles` says that there are too few messages for it.
    var isThin: Bool

    init(_ latency: Latency, of result: BenchResult, floor: Floor?) {
        let values = latency.response
        let histogram = try? values.histogram()
        percentiles = zip(Self.shares, [values.p50, values.p90, values.p99, values.p999]).map { share, value in
            // Without both bounds of its interval a percentile rests on too few messages.
            if let histogram, histogram.doubt(at: share) == nil { return "–" }
            return Self.cell(value, floor: floor?.bound(at: share))
        }
        isThin = percentiles.contains("–")
        percentiles.append(Self.cell(values.max, floor: floor?.bound(at: 1)))
        rate = Figures.amount(latency.rate)
        delay = Figures.time(latency.publishDelay.p99)
        isInvalid = !latency.invalid.isEmpty
    }

    /// With as many digits as `compare` shows of it: a change that is small beside the figure needs its third digit to be seen.
    private static func cell(_ seconds: Double, floor: Double?) -> String {
        if let floor, seconds < floor { return "<" + Figures.time(floor) }
        return Figures.time(seconds)
    }
}
