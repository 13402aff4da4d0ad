public import MQCore

extension Distribution {
    /// From a histogram of nanoseconds.
    public init(_ histogram: Histogram) {
        func seconds(_ nanoseconds: Int) -> Double { Double(nanoseconds) / 1e9 }
        self.init(
            count: histogram.count, min: histogram.isEmpty ? 0 : seconds(histogram.minimum), mean: histogram.mean / 1e9,
            p50: seconds(histogram.value(at: 0.5)), p90: seconds(histogram.value(at: 0.9)), p99: seconds(histogram.value(at: 0.99)),
            p999: seconds(histogram.value(at: 0.999)), max: seconds(histogram.maximum), log: histogram.log)
    }

    /// The histogram behind it, in nanoseconds.
    /// - Throws: `malformed` when the log cannot be read or holds another number of values.
    public func histogram() throws(TransportError) -> Histogram {
        let histogram = try Histogram(log: log)
        guard histogram.count == count else {
            throw TransportError(.malformed, "a histogram holds \(histogram.count) values where \(count) are named")
        }
        return histogram
    }
}
