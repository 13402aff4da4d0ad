public import MQCore

/// HdrHistogram's log file, which its log analyser, plotters and libraries in many languages read.
public struct HistogramLog: Sendable, Equatable {
    /// One line: the histogram of one interval.
    public struct Entry: Sendable, Equatable {
        /// What is measured. Characters that the format gives a meaning become `_`.
        public var tag: String?
        /// Seconds after `startTime`.
        public var start: Double
        /// Seconds.
        public var length: Double
        /// In nanoseconds.
        public var histogram: Histogram

        /// Times in seconds.
        public init(tag: String?, start: Double, length: Double, histogram: Histogram) {
            self.tag = tag.map(HistogramLog.clean)
            self.start = start
            self.length = length
            self.histogram = histogram
        }
    }

    /// Seconds since 1970.
    public var startTime: Double
    /// In the order of the file.
    public var entries: [Entry]

    /// - Parameter startTime: in seconds since 1970.
    public init(startTime: Double, entries: [Entry]) {
        self.startTime = startTime
        self.entries = entries
    }

    /// The response, service and publish-delay times of every result.
    /// - Throws: `malformed` when a histogram of the report cannot be read.
    public init(_ report: BenchReport) throws(TransportError) {
        self.init(startTime: Self.seconds(ofRFC3339: report.startedAt) ?? 0, entries: [])
        for result in report.results {
            guard let latency = result.latency else { continue }
            let parts: [(String, Distribution?)] = [
                ("response", latency.response), ("service", latency.service), ("publish-delay", latency.publishDelay),
            ]
            for case (let what, let distribution?) in parts {
                entries.append(
                    Entry(
                        tag: "\(result.name)/\(result.size)/\(what)", start: 0, length: report.plan.duration,
                        histogram: try Histogram(log: distribution.log)))
            }
        }
    }

    /// The file. The column of the maximum is in milliseconds, as everywhere; the histograms are in nanoseconds.
    public var text: String {
        var lines = [
            "#[Logged with mq; values are nanoseconds]",
            "#[Histogram log format version 1.3]",
            "#[StartTime: \(Quantity.decimal(startTime, digits: 3)) (seconds since epoch), \(Self.date(startTime))]",
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"",
        ]
        for entry in entries {
            let figures = [entry.start, entry.length, Double(entry.histogram.maximum) / 1e6].map { Quantity.decimal($0, digits: 3) }
            lines.append((entry.tag.map { "Tag=\($0)," } ?? "") + (figures + [entry.histogram.log]).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func clean(_ tag: String) -> String {
        String(tag.map { $0 == "," || $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 } ? "_" : $0 })
    }

    private static func date(_ seconds: Double) -> String {
        Timestamp.text(Int64(max(0, min(seconds, 9e9)) * 1000) * 1_000_000)
    }

    /// Of `2026-01-31T12:34:56.789Z`; `nil` for anything else.
    static func seconds(ofRFC3339 text: String) -> Double? {
        guard text.hasSuffix("Z") else { return nil }
        let halves = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-").compactMap { Int($0) }
        let time = halves[1].split(separator: ":").compactMap { Double($0) }
        guard date.count == 3, time.count == 3, (1970...9999).contains(date[0]), (1...12).contains(date[1]), (1...31).contains(date[2]),
            time.allSatisfy({ (0..<61).contains($0) })
        else { return nil }
        // Years that begin in March put the day that leap years add at their end (Hinnant, "chrono-compatible algorithms").
        let year = date[1] > 2 ? date[0] : date[0] - 1
        let dayOfYear = (153 * ((date[1] + 9) % 12) + 2) / 5 + date[2] - 1
        let days = year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
        return Double(days) * 86400 + time[0] * 3600 + time[1] * 60 + time[2]
    }
}
