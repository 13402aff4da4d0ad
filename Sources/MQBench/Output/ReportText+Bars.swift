internal import Glibc
internal import MQCore

extension ReportText {
    private static let barWidth = 50

    static func bars(_ report: BenchReport, isTerminal: Bool) -> String {
        report.results.compactMap { result in
            guard let latency = result.latency, let histogram = try? latency.response.histogram(), !histogram.isEmpty else { return nil }
            let mark = latency.invalid.isEmpty ? "" : " ! INVALID"
            let title =
                "\(result.name.printable.shortened(to: 28)), \(Figures.size(result.size)) at \(Figures.amount(latency.rate))/s\(mark)"
            return title + " (bars: logarithm of the count)\n" + bars(histogram, isTerminal: isTerminal)
        }.joined(separator: "\n")
    }

    static func bars(_ histogram: Histogram, isTerminal: Bool) -> String {
        let bins = LogBins(histogram).bins
        let longest = log10(Double(bins.map(\.count).max() ?? 1) + 1)
        return bins.map { bin in
            let label = "≥" + Figures.time(bin.edge / 1e9)
            let length = longest > 0 ? log10(Double(bin.count) + 1) / longest * Double(barWidth) : 0
            let share = Figures.plain(Double(bin.count) / Double(histogram.count) * 100)
            let text = bin.count == 0 ? "" : bar(length, isTerminal: isTerminal) + " " + share + " %"
            return trimmed(String(repeating: " ", count: max(0, 8 - label.count)) + label + "  " + text)
        }.joined()
    }

    /// Something that is there shows.
    private static func bar(_ length: Double, isTerminal: Bool) -> String {
        guard isTerminal else { return String(repeating: "#", count: max(1, Int(length.rounded()))) }
        let eighths = max(1, Int((length * 8).rounded()))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
