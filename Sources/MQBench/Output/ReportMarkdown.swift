internal import MQCore

/// Reports as Markdown tables, for a README or an issue.
public enum ReportMarkdown {
    /// A section for each run.
    public static func text(_ reports: [BenchReport]) -> String { reports.map(text).joined(separator: "\n") }

    private static func text(_ report: BenchReport) -> String {
        var parts = ["### mq bench" + (report.label.map { ": " + escaped($0) } ?? "") + "\n"]
        parts.append(
            "\(escaped(report.planClauses.joined(separator: "; "))).  \n\(escaped(report.hostClauses.joined(separator: "; "))); "
                + "mq \(escaped(report.version)), \(escaped(report.startedAt)).\n")
        parts.append(throughput(report))
        parts.append(latency(report))
        parts.append(remarks(report))
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func throughput(_ report: BenchReport) -> String {
        var rows: [[String]] = []
        for result in report.results {
            guard let throughput = result.throughput else { continue }
            let cells = ThroughputCells(throughput, of: result, floor: report.floor)
            let account = throughput.account
            rows.append([
                name(result, cells.isInvalid), Figures.size(result.size), cells.rate, cells.spread, cells.megabytes, cells.sending,
                cells.receiving, "\(account.lost)", "\(account.duplicated)", result.reordered(account), escaped(result.guarantee),
            ])
        }
        let header = [
            "throughput", "size", "msg/s", "±", "MB/s", "CPU µs/msg, send", "receive", "lost", "duplicated", "reordered", "guarantee",
        ]
        return table(header, rows, textColumns: [0, header.count - 1])
    }

    private static func latency(_ report: BenchReport) -> String {
        var rows: [[String]] = []
        for result in report.results {
            guard let latency = result.latency else { continue }
            let cells = LatencyCells(latency, of: result, floor: report.floor)
            let account = latency.account
            rows.append(
                [name(result, cells.isInvalid), Figures.size(result.size), cells.rate] + cells.percentiles
                    + [cells.delay, "\(account.lost)", "\(account.duplicated)", result.reordered(account)])
        }
        let header =
            [report.plan.roundTrip ? "round trip" : "latency", "size", "rate/s"] + LatencyCells.names
            + ["sent late, p99", "lost", "duplicated", "reordered"]
        return table(header, rows, textColumns: [0])
    }

    private static func remarks(_ report: BenchReport) -> String {
        var lines: [String] = []
        for result in report.results {
            let subject = "\(escaped(result.name)), \(Figures.size(result.size))"
            if let failure = result.failure { lines.append("**FAILED** \(subject): \(escaped(failure))") }
            lines += result.invalidities.map { "**INVALID** \(subject), \(escaped($0))" }
            lines += result.remarks.map { "Warning: \(subject), \(escaped($0))" }
            lines += result.notes.map { "Note: \(subject), \(escaped($0))" }
            if let best = result.search?.filter(\.isMet).map(\.rate).max(), let objective = report.plan.objective {
                lines.append("\(subject): the highest rate that meets \(escaped(objective)) is \(Figures.amount(best))/s")
            }
        }
        lines += report.warnings.map { "Warning: \(escaped($0))" }
        if let floor = report.floorSentence { lines.append("Floor: \(floor)") }
        return lines.map { "- \($0)\n" }.joined()
    }

    private static func name(_ result: BenchResult, _ isInvalid: Bool) -> String {
        (isInvalid ? "**INVALID** " : "") + escaped(result.name)
    }

    private static func table(_ header: [String], _ rows: [[String]], textColumns: Set<Int>) -> String {
        guard !rows.isEmpty else { return "" }
        let rule = header.indices.map { textColumns.contains($0) ? "---" : "--:" }
        return ([header, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// Names are text, whatever Markdown would make of them.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.printable {
            if "\\`*_[]<>|#~".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
