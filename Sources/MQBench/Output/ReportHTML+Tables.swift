internal import MQCore

extension ReportHTML {
    static func tables(_ reports: [BenchReport]) -> String {
        let text = throughputTable(reports) + latencyTable(reports)
        return text.isEmpty ? "" : "<h2>All figures</h2>\n" + text
    }

    private static func throughputTable(_ reports: [BenchReport]) -> String {
        var rows: [[Cell]] = []
        for report in reports {
            for result in report.results {
                guard let throughput = result.throughput else { continue }
                let cells = ThroughputCells(throughput, of: result, floor: report.floor)
                let account = throughput.account
                rows.append(
                    lead(report, result, cells.isInvalid, among: reports) + [
                        .number(cells.rate), .number(cells.spread), .number(cells.megabytes), .number(cells.sending),
                        .number(cells.receiving),
                    ] + counts(account, of: result) + [.text(result.guarantee)])
            }
        }
        let header =
            leadHeader("Throughput", reports)
            + ["msg/s", "±", "MB/s", "CPU µs/msg<br>sending", "CPU µs/msg<br>receiving", "lost", "dupli-<br>cated", "re-<br>ordered"]
        return table(header, trailing: "guarantee", rows)
    }

    private static func latencyTable(_ reports: [BenchReport]) -> String {
        var rows: [[Cell]] = []
        var isThin = false
        for report in reports {
            for result in report.results {
                guard let latency = result.latency else { continue }
                let cells = LatencyCells(latency, of: result, floor: report.floor)
                isThin = isThin || cells.isThin
                rows.append(
                    lead(report, result, cells.isInvalid, among: reports) + [.number(cells.rate)] + cells.percentiles.map { .number($0) }
                        + [.number(cells.delay)] + counts(latency.account, of: result))
            }
        }
        let isRoundTrip = reports.allSatisfy(\.plan.roundTrip)
        let header =
            leadHeader(isRoundTrip ? "Round trip" : "Latency", reports) + ["rate/s"] + LatencyCells.names
            + ["sent late<br>p99", "lost", "dupli-<br>cated", "re-<br>ordered"]
        return table(header, trailing: nil, rows) + (isThin ? "<p class=\"muted\">–: too few messages for this percentile.</p>\n" : "")
    }

    enum Cell {
        case name(String, isInvalid: Bool)
        case text(String)
        case number(String)
        /// A count that should be zero.
        case fault(Int)
    }

    private static func counts(_ account: Account, of result: BenchResult) -> [Cell] {
        [
            .fault(account.lost), .fault(account.duplicated),
            result.promisesOrder ? .fault(account.reordered) : .number(BenchResult.noOrder),
        ]
    }

    private static func lead(_ report: BenchReport, _ result: BenchResult, _ isInvalid: Bool, among reports: [BenchReport]) -> [Cell] {
        [.name(result.name, isInvalid: isInvalid)] + (reports.count > 1 ? [.text(report.title)] : []) + [.number(Figures.size(result.size))]
    }

    private static func leadHeader(_ what: String, _ reports: [BenchReport]) -> [String] {
        [what] + (reports.count > 1 ? ["run"] : []) + ["size"]
    }

    private static func table(_ header: [String], trailing: String?, _ rows: [[Cell]]) -> String {
        guard !rows.isEmpty else { return "" }
        var text = "<div class=\"scroll\"><table>\n<thead><tr>"
        for (index, cell) in header.enumerated() {
            text += index == 0 || cell == "run" ? "<th class=\"t\" scope=\"col\">\(cell)</th>" : "<th scope=\"col\">\(cell)</th>"
        }
        if let trailing { text += "<th class=\"t\" scope=\"col\">\(trailing)</th>" }
        text += "</tr></thead>\n<tbody>\n"
        for row in rows { text += "<tr>" + row.map(markup).joined() + "</tr>\n" }
        return text + "</tbody></table></div>\n"
    }

    private static func markup(_ cell: Cell) -> String {
        switch cell {
        case .name(let name, let isInvalid):
            let flag = isInvalid ? "<span class=\"flag\">✖ INVALID</span> " : ""
            return "<td class=\"t name\">\(flag)\(HTML.escape(name.printable))</td>"
        case .text(let text): return "<td class=\"t\">\(HTML.escape(text.printable))</td>"
        case .number(let text): return "<td>\(HTML.escape(text))</td>"
        case .fault(0): return "<td>0</td>"
        case .fault(let count): return "<td><span class=\"flag\">✖ \(count)</span></td>"
        }
    }

    static func searches(_ reports: [BenchReport]) -> String {
        var text = ""
        for report in reports {
            for result in report.results {
                guard let search = result.search, !search.isEmpty else { continue }
                let objective = HTML.escape((report.plan.objective ?? "the objective").printable)
                let best = search.filter(\.isMet).map(\.rate).max().map { "highest rate \(Figures.amount($0))/s" } ?? "no rate meets it"
                text += "<h3>\(HTML.escape(result.name.printable)), \(Figures.size(result.size)): \(objective), \(best)</h3>\n"
                let rows = search.map { step -> [Cell] in
                    [.text(step.isMet ? "✓ met" : "✗ missed"), .number(Figures.amount(step.rate)), .number(Figures.time(step.value))]
                }
                text += table(["objective", "rate/s", "measured"], trailing: nil, rows)
            }
        }
        return text.isEmpty ? "" : "<h2>Search for the highest rate</h2>\n" + text
    }

    /// Plan, host and floor.
    static func conditions(_ reports: [BenchReport]) -> String {
        var text = "<h2>How it was measured</h2>\n"
        for report in reports {
            if reports.count > 1 { text += "<h3>\(HTML.escape(report.title))</h3>\n" }
            var items = [
                ("Plan", report.planClauses.joined(separator: "; ")), ("Addresses", report.plan.addresses.joined(separator: "  ")),
            ]
            items.append(("Host", report.hostClauses.joined(separator: "; ")))
            items.append(("Program", "mq \(report.version), started \(report.startedAt)"))
            if let floor = report.floorSentence { items.append(("Floor", floor)) }
            text += "<dl>" + items.map { "<dt>\($0.0)</dt><dd>\(HTML.escape($0.1.printable))</dd>" }.joined() + "</dl>\n"
        }
        return text
    }
}
