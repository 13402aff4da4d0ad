internal import MQCore

extension BenchReport {
    /// How it was measured, one clause each.
    var planClauses: [String] {
        let plan = plan
        var clauses = [
            "\(Quantity.count(plan.producers, "producer")), \(Quantity.count(plan.consumers, "consumer")), \(processes)",
            plan.sizes.map(Figures.size).joined(separator: ", "),
        ]
        if plan.roundTrip { clauses.append("round trips") }
        clauses.append("rate \(plan.rate)\(plan.objective.map { " for \($0)" } ?? "")")
        let measured = plan.count.map { Quantity.count($0, "message") } ?? "\(Figures.plain(plan.duration)) s"
        clauses.append("\(Quantity.count(plan.windows, "window")) in \(measured) after \(Figures.plain(plan.warmup)) s of warm-up")
        clauses.append("batches of \(plan.batch)")
        clauses.append("payload \(plan.payload)")
        if let window = plan.window, results.contains(where: { $0.throughput != nil }) {
            clauses.append(window == WindowLimit.none.text ? "no bound on what is under way" : "at most \(window) under way")
        }
        return clauses.map(\.printable)
    }

    private var processes: String {
        let local = results.filter { $0.isProcessLocal == true }.map(\.name)
        if plan.sameProcess || local.count == results.count && !local.isEmpty { return "one process" }
        guard let first = local.first else { return "two processes" }
        return "two processes (one for \(local.allSatisfy { $0 == first } ? first : "\(first) and others"))"
    }

    var hostClauses: [String] {
        [
            "\(host.name): \(host.fingerprint)",
            "load \(Figures.plain(host.loadBefore)) before, \(Figures.plain(host.loadAfter)) after",
            "steal \(Figures.plain(host.steal * 100)) %",
        ].map(\.printable)
    }

    /// What the harness itself costs, in one sentence.
    var floorSentence: String? {
        floor.map {
            "the harness alone, in memory, moves \(Figures.amount($0.messagesPerSecond)) msg/s, with p50 \(Figures.time($0.p50)) "
                + "and p99 \(Figures.time($0.p99)): figures say nothing below that"
        }
    }

    var title: String { (label ?? startedAt).printable }
    var isInvalid: Bool { results.contains { !$0.invalidities.isEmpty } }
}
