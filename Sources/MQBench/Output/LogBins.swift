import Glibc

/// How many messages took how long, one bar for each step of 1, 2, 5, 10 …
struct LogBins {
    struct Bin: Equatable {
        /// Nanoseconds, the lower edge.
        var edge: Double
        var count: Int
    }

    var bins: [Bin] = []

    init(_ histogram: Histogram) {
        for bucket in histogram.nonEmpty {
            let step = Self.step(of: bucket.range.lowerBound)
            while let last = bins.last, last.edge < Self.edge(step) * 0.999, bins.count < 64 {
                bins.append(Bin(edge: Self.edge(Self.step(of: Int(last.edge)) + 1), count: 0))
            }
            if bins.isEmpty { bins.append(Bin(edge: Self.edge(step), count: 0)) }
            bins[bins.count - 1].count += bucket.count
        }
    }

    /// Steps of 1, 2, 5 counted from one nanosecond.
    static func step(of nanoseconds: Int) -> Int {
        var step = 0
        while edge(step + 1) <= Double(nanoseconds) { step += 1 }
        return step
    }

    static func edge(_ step: Int) -> Double { [1, 2, 5][step % 3] * pow(10, Double(step / 3)) }
}
