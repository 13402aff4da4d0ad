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
        let floor = result.isAboveFloor ? floor : nil
        let values = latency.response
        let histogram = try? values.histogram()
        percentiles = zip(Self.shares, [values.p50, values.p90, values.p99, values.p999]).map { share, value in
            guard let doubt = histogram.map({ $0.doubt(at: share) }) ?? value / 1000 else { return "–" }
            return Self.cell(value, doubt: doubt / 1e9, floor: floor)
        }
        isThin = percentiles.contains("–")
        percentiles.append(Self.cell(values.max, doubt: 0, floor: floor))
        rate = Figures.amount(latency.rate)
        delay = Figures.time(latency.publishDelay.p99)
        isInvalid = !latency.invalid.isEmpty
    }

    private static func cell(_ seconds: Double, doubt: Double, floor: Floor?) -> String {
        guard let floor else { return Figures.time(seconds, doubt: doubt) }
        if seconds < floor.p50 { return "<" + Figures.time(floor.p50) }
        return Figures.time(seconds, doubt: max(doubt, floor.p50))
    }
}
