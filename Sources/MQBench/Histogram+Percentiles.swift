import MQCore

extension Histogram {
    /// One line of a percentile distribution.
    struct PercentileStep: Equatable {
        /// 0 to 1; 1 for the last.
        var share: Double
        var value: Int
        /// How many values are at or below it.
        var total: Int
    }

    /// The steps of HdrHistogram's percentile iterator: `ticks` steps for every halving of what is left to 100 %.
    func percentileSteps(ticks: Int = 5) -> [PercentileStep] {
        var steps: [PercentileStep] = []
        var level = 0.0
        var seen = 0
        for bucket in nonEmpty {
            seen += bucket.count
            while 100 * Double(seen) / Double(count) >= level {
                steps.append(PercentileStep(share: level / 100, value: bucket.range.upperBound, total: seen))
                // All values are seen: what is left has no further steps but the last.
                if seen == count { break }
                level += 100 / Self.reportingTicks(level, ticks)
            }
        }
        if let last = steps.last { steps.append(PercentileStep(share: 1, value: last.value, total: count)) }
        return steps
    }

    private static func reportingTicks(_ level: Double, _ ticks: Int) -> Double {
        var halving = 2.0
        while 100 / (100 - level) >= halving && halving < 0x1p60 { halving *= 2 }
        return Double(ticks) * halving
    }

    /// The text of a `.hgrm` file, values in microseconds: what HdrHistogram's plotter takes.
    public var percentileText: String {
        func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        func micro(_ nanoseconds: Double) -> String { padded(Quantity.decimal(nanoseconds / 1e3, digits: 3), 12) }
        var text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
        for step in percentileSteps() {
            text += micro(Double(step.value)) + " " + Quantity.decimal(step.share, digits: 12) + " " + padded("\(step.total)", 10)
            if step.share < 1 { text += " " + padded(Quantity.decimal(1 / (1 - step.share), digits: 2), 14) }
            text += "\n"
        }
        text += "#[Mean    = \(micro(mean)), StdDeviation   = \(micro(deviation))]\n"
        text += "#[Max     = \(micro(Double(maximum))), Total count    = \(padded("\(count)", 12))]\n"
        text +=
            "#[Buckets = \(padded("\(Self.length / (Self.subBuckets / 2) - 1)", 12)), SubBuckets     = \(padded("\(Self.subBuckets)", 12))]\n"
        return text
    }
}
