/// Reports as comma-separated values (RFC 4180): one row for each result and phase, all figures as numbers.
///
/// `phase` is `throughput`, `latency` or `failed`; cells that a phase does not have are empty, and so is `reordered`
/// where order is not promised. Times are seconds, rates
/// messages per second, sizes bytes. The windows of a throughput phase stand in one cell, separated by spaces.
public enum ReportCSV {
    /// The first line. Others may be added behind these.
    public static let columns = [
        "label", "started_at", "version", "host", "fingerprint", "name", "address", "transport", "guarantee", "size_bytes", "phase",
        "messages_per_second", "spread", "megabytes_per_second", "windows_messages_per_second", "asked_rate", "count", "min_s", "mean_s",
        "p50_s", "p90_s", "p99_s", "p999_s", "max_s", "service_p50_s", "service_p99_s", "publish_delay_p50_s", "publish_delay_p99_s",
        "publish_delay_max_s", "sent", "received", "lost", "duplicated", "reordered", "producer_cpu_s", "consumer_cpu_s",
        "producer_cpu_us_per_message", "consumer_cpu_us_per_message", "producer_switches_voluntary", "producer_switches_involuntary",
        "consumer_switches_voluntary", "consumer_switches_involuntary", "valid", "warnings", "failure",
    ]

    /// The whole file, all runs below one head.
    public static func text(_ reports: [BenchReport]) -> String {
        var lines = [columns.joined(separator: ",")]
        for report in reports {
            for result in report.results {
                let rows = rows(of: result)
                lines += rows.map { line(common(report, result).merging($0) { $1 }) }
            }
        }
        // RFC 4180 ends lines with both characters; every reader takes them, and some spreadsheets nothing else.
        return lines.map { $0 + "\r\n" }.joined()
    }

    private static func line(_ cells: [String: String]) -> String {
        assert(cells.keys.allSatisfy { columns.contains($0) }, "a cell without a column")
        return columns.map { quoted(cells[$0] ?? "") }.joined(separator: ",")
    }

    private static func quoted(_ cell: String) -> String {
        // A spreadsheet takes a cell that begins so for a formula.
        let safe = cell.first.map { "=+@\t\r".contains($0) || ($0 == "-" && Double(cell) == nil) } == true ? "'" + cell : cell
        guard safe.utf8.contains(where: { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }) else { return safe }
        return "\"" + safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func common(_ report: BenchReport, _ result: BenchResult) -> [String: String] {
        [
            "label": report.label ?? "", "started_at": report.startedAt, "version": report.version, "host": report.host.name,
            "fingerprint": report.host.fingerprint, "name": result.name, "address": result.address, "transport": result.transport,
            "guarantee": result.guarantee, "size_bytes": "\(result.size)",
        ]
    }

    private static func rows(of result: BenchResult) -> [[String: String]] {
        var rows: [[String: String]] = []
        if let throughput = result.throughput { rows.append(row(throughput, of: result)) }
        if let latency = result.latency { rows.append(row(latency, of: result)) }
        if let failure = result.failure { rows.append(["phase": "failed", "valid": "false", "failure": failure]) }
        return rows
    }

    private static func row(_ throughput: Throughput, of result: BenchResult) -> [String: String] {
        var row = account(throughput.account, of: result)
        row.merge(costs(throughput.producers, throughput.consumers, messages: throughput.measuredMessages)) { $1 }
        row["phase"] = "throughput"
        row["messages_per_second"] = "\(throughput.messagesPerSecond)"
        row["spread"] = "\(throughput.spread)"
        row["megabytes_per_second"] = "\(throughput.messagesPerSecond * Double(result.size) / 1e6)"
        row["windows_messages_per_second"] = throughput.windows.map { "\($0.rate)" }.joined(separator: " ")
        row["count"] = "\(throughput.measuredMessages)"
        row["valid"] = "\(throughput.invalid.isEmpty)"
        row["warnings"] = (throughput.invalid + throughput.warnings).joined(separator: "; ")
        return row
    }

    private static func row(_ latency: Latency, of result: BenchResult) -> [String: String] {
        var row = account(latency.account, of: result)
        row.merge(costs(latency.producers, latency.consumers, messages: latency.response.count)) { $1 }
        row["phase"] = "latency"
        row["messages_per_second"] = "\(latency.achievedRate)"
        row["megabytes_per_second"] = "\(latency.achievedRate * Double(result.size) / 1e6)"
        row["asked_rate"] = "\(latency.rate)"
        let times = latency.response
        row["count"] = "\(times.count)"
        let values = [
            ("min", times.min), ("mean", times.mean), ("p50", times.p50), ("p90", times.p90), ("p99", times.p99), ("p999", times.p999),
            ("max", times.max), ("publish_delay_p50", latency.publishDelay.p50), ("publish_delay_p99", latency.publishDelay.p99),
            ("publish_delay_max", latency.publishDelay.max),
        ]
        for (name, value) in values { row[name + "_s"] = "\(value)" }
        row["service_p50_s"] = latency.service.map { "\($0.p50)" }
        row["service_p99_s"] = latency.service.map { "\($0.p99)" }
        row["valid"] = "\(latency.invalid.isEmpty)"
        row["warnings"] = (latency.invalid + latency.warnings).joined(separator: "; ")
        return row
    }

    private static func account(_ account: Account, of result: BenchResult) -> [String: String] {
        [
            "sent": "\(account.sent)", "received": "\(account.received)", "lost": "\(account.lost)",
            "duplicated": "\(account.duplicated)", "reordered": result.promisesOrder ? "\(account.reordered)" : "",
        ]
    }

    private static func costs(_ producers: Cost, _ consumers: Cost, messages: Int) -> [String: String] {
        var row: [String: String] = [:]
        for (side, cost) in [("producer", producers), ("consumer", consumers)] {
            row[side + "_cpu_s"] = "\(cost.processorTime)"
            if messages > 0 { row[side + "_cpu_us_per_message"] = "\(cost.processorTime * 1e6 / Double(messages))" }
            row[side + "_switches_voluntary"] = "\(cost.voluntarySwitches)"
            row[side + "_switches_involuntary"] = "\(cost.involuntarySwitches)"
        }
        return row
    }
}
