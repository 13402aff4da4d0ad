extension Histogram {
    /// Its quantiles, of nanoseconds, for one line: `p50 13.2µs, p99 25.1µs, max 1.2ms`.
    public var quantileWords: String {
        let time = { (nanoseconds: Int) in Figures.time(Double(nanoseconds) / 1e9) }
        return "p50 \(time(value(at: 0.5))), p99 \(time(value(at: 0.99))), max \(time(maximum))"
    }
}
