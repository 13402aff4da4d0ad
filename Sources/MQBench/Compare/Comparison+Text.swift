internal import MQCore

extension Comparison {
    /// For a terminal: at most 80 columns.
    public var text: String {
        var parts = [head, table.text(within: 80)]
        let notes = pairs.flatMap { pair in pair.notes.map { "\(pair.name), \(Figures.size(pair.size)): \($0)" } } + unpaired
        parts.append(notes.map { ("note: " + $0.printable).hanging }.joined())
        parts.append(outcomes.map(Self.text).joined())
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var head: String {
        func line(_ word: String, _ side: Side) -> String {
            let label = side.label.map { "“\($0)”, " } ?? ""
            return "\(word) \(label)\(side.startedAt), mq \(side.version), \(side.fingerprint)".printable.hanging
        }
        let forced = differences.map { "! not alike: \($0)".hanging }.joined()
        let explained =
            "Intervals hold 95 % of the noise within these runs; under \(Figures.plain(Self.leastChange * 100)) % nothing is called better or worse."
        return line("old:", old) + line("new:", new) + forced + explained.wrapped()
    }

    private var table: Rows {
        var table = Rows([
            .init("result"), .init("size", isNumeric: true), .init("figure"), .init("old", isNumeric: true), .init("new", isNumeric: true),
            .init("change", isNumeric: true), .init("95 %"), .init("verdict"),
        ])
        for pair in pairs {
            for (index, change) in pair.changes.enumerated() {
                let name = index == 0 ? [pair.name, Figures.size(pair.size)] : ["", ""]
                table.append(name + [change.metric.rawValue] + change.cells)
            }
        }
        return table
    }

    private static func text(_ outcome: Outcome) -> String {
        if outcome.failures.isEmpty { return "ok: \(outcome.condition)\n" }
        return outcome.failures.map { "FAILED \(outcome.condition): \($0.printable)".hanging }.joined()
    }
}

extension Comparison.Change {
    /// Old, new, change, interval and verdict.
    fileprivate var cells: [String] {
        // A change that is small beside the figures needs their third digit to be seen at all.
        let interval = low.flatMap { low in high.map { "\(Figures.change(low)) … \(Figures.change($0))" } } ?? ""
        let change = self.change.map(Figures.change) ?? (new > 0 ? "new" : "")
        return [metric.text(old), metric.text(new), metric == .lost && old == new ? "" : change, interval, word]
    }

    private var word: String {
        switch verdict {
        case .better, .worse: verdict.rawValue
        case .same: "same"
        case .unknown: "–"
        case .invalid: "INVALID"
        }
    }
}
