internal import MQCore

/// A report on a terminal: at most 80 columns, no more digits than the figures have.
public enum ReportText {
    /// - Parameter isTerminal: whether a person looks; then bars are drawn with Unicode's blocks, otherwise with `#`.
    public static func text(_ report: BenchReport, isTerminal: Bool) -> String {
        let parts = [
            head(report), throughput(report), latency(report), searches(report), bars(report, isTerminal: isTerminal), remarks(report),
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func head(_ report: BenchReport) -> String {
        let label = report.label.map { " “\($0.printable)”," } ?? ""
        let first = "mq bench:\(label) " + report.planClauses.joined(separator: "; ")
        let host =
            report.hostClauses.joined(separator: "; ") + "; mq \(report.version.printable), \(report.startedAt.printable)"
        return first.hanging + ("on " + host).hanging
    }

    /// A name with the sign of a voided figure in front.
    private static func name(_ result: BenchResult, isInvalid: Bool) -> String {
        (isInvalid ? "! " : "") + result.name
    }

    private static func throughput(_ report: BenchReport) -> String {
        let measured = report.results.compactMap { result in result.throughput.map { (result, $0) } }
        guard !measured.isEmpty else { return "" }
        var table = Rows(
            [.init("throughput")] + ["size", "msg/s", "±", "MB/s"].map { .init($0, isNumeric: true) } + [
                .init("CPU µs", "send", isNumeric: true), .init("/msg", "recv", isNumeric: true),
            ] + ["lost", "dup", "reord"].map { .init($0, isNumeric: true) } + [.init("guarantee")])
        for (result, throughput) in measured {
            let cells = ThroughputCells(throughput, of: result, floor: report.floor)
            let account = throughput.account
            table.append([
                name(result, isInvalid: cells.isInvalid), Figures.size(result.size), cells.rate, cells.spread, cells.megabytes,
                cells.sending, cells.receiving, "\(account.lost)", "\(account.duplicated)",
                result.promisesOrder ? "\(account.reordered)" : "–",
                result.guarantee,
            ])
        }
        let unordered = measured.map(\.0).filter { !$0.promisesOrder }.map { $0.name.printable }
        let names = unordered.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let note = names.isEmpty ? "" : "–: order is not promised by \(names.joined(separator: ", "))".hanging
        return table.text(within: 80) + note
    }

    private static func latency(_ report: BenchReport) -> String {
        let measured = report.results.compactMap { result in result.latency.map { (result, $0) } }
        guard !measured.isEmpty else { return "" }
        var table = Rows(
            [.init(report.plan.roundTrip ? "round trip" : "latency")]
                + (["size", "rate/s"] + LatencyCells.names).map { .init($0, isNumeric: true) }
                + [.init("sent late", "p99", isNumeric: true)])
        var notes = ""
        var isThin = false
        for (result, latency) in measured {
            let cells = LatencyCells(latency, of: result, floor: report.floor)
            isThin = isThin || cells.isThin
            table.append(
                [name(result, isInvalid: cells.isInvalid), Figures.size(result.size), cells.rate] + cells.percentiles + [cells.delay])
            if !result.isClean(latency.account) {
                notes += "\(result.name.printable), \(Figures.size(result.size)): \(result.words(latency.account))".hanging
            }
        }
        if notes.isEmpty {
            let order = measured.allSatisfy { $0.0.promisesOrder } ? "reordered 0" : "reordered 0 where order is promised"
            notes = "lost 0, duplicated 0, \(order) at \(measured.count == 1 ? "this rate" : "these rates")\n"
        }
        if isThin { notes += "–: too few messages for this percentile\n" }
        return table.text(within: 80) + notes
    }

    private static func searches(_ report: BenchReport) -> String {
        report.results.map { result in
            guard let search = result.search, !search.isEmpty else { return "" }
            let steps = search.map { "\(Figures.amount($0.rate))/s \($0.isMet ? "meets" : "misses") it (\(Figures.time($0.value)))" }
            let best = search.filter(\.isMet).map(\.rate).max()
            let verdict = best.map { "the highest rate that meets it is \(Figures.amount($0))/s" } ?? "no rate meets it"
            let objective = (report.plan.objective ?? "the objective").printable
            return "\(result.name.printable), \(Figures.size(result.size)), \(objective): \(verdict); \(steps.joined(separator: ", "))"
                .hanging
        }.joined()
    }

    private static func remarks(_ report: BenchReport) -> String {
        var lines: [String] = []
        for result in report.results {
            let subject = "\(result.name.printable), \(Figures.size(result.size))"
            if let failure = result.failure { lines.append("FAILED \(subject): \(failure.printable)") }
            lines += result.invalidities.map { "! INVALID \(subject), \($0.printable)" }
            lines += result.remarks.map { "warning: \(subject), \($0.printable)" }
            lines += result.notes.map { "note: \(subject), \($0.printable)" }
        }
        lines += report.warnings.map { "warning: \($0.printable)" }
        if let floor = report.floorSentence { lines.append("floor: \(floor)") }
        lines.append("next: \(next(report))")
        return lines.map(\.hanging).joined()
    }

    /// What is worth running next.
    private static func next(_ report: BenchReport) -> String {
        if report.results.contains(where: { $0.failure != nil }) { return "fix what failed, or leave it out" }
        if let voided = report.results.first(where: { $0.latency?.invalid.isEmpty == false }), let rate = voided.latency?.rate {
            return "a rate that the generator keeps: --rate \(Int(max(1, rate / 2)))"
        }
        if report.results.contains(where: { ($0.throughput?.spread ?? 0) > 0.1 }) {
            return "a quiet machine or a longer run: -d \(Int(max(1, report.plan.duration * 4)))s"
        }
        return "the same with --save before; after a change: mq bench compare before AFTER --fail-on 'p99>+10%'"
    }
}

extension String {
    /// A paragraph whose further lines are indented.
    var hanging: String { wrapped(indent: 4, first: 0) }
}
