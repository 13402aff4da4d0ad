/// The figures of one result as they are shown, the same in a terminal, in Markdown and in a page.
struct ThroughputCells {
    var rate: String
    var spread: String
    /// Megabytes (10⁶) of bodies per second.
    var megabytes: String
    /// Microseconds of processor time per message.
    var sending: String
    var receiving: String
    var isInvalid: Bool

    init(_ throughput: Throughput, of result: BenchResult, floor: Floor?) {
        let rate = throughput.messagesPerSecond
        let doubt = throughput.windows.count > 1 ? throughput.spread : 0.05
        isInvalid = !throughput.invalid.isEmpty
        spread = throughput.windows.count > 1 ? Figures.spread(throughput.spread) : "–"
        if let floor, result.isAboveFloor, rate > floor.messagesPerSecond {
            // Faster than the harness itself: what was measured is the harness.
            self.rate = "≥" + Figures.amount(floor.messagesPerSecond, doubt: floor.messagesPerSecond * doubt)
        } else {
            self.rate = Figures.amount(rate, doubt: rate * doubt)
        }
        let megabytes = rate * Double(result.size) / 1e6
        self.megabytes = Figures.plain(megabytes, doubt: megabytes * doubt)
        func cost(_ cost: Cost) -> String {
            guard throughput.measuredMessages > 0 else { return "–" }
            let micro = cost.processorTime * 1e6 / Double(throughput.measuredMessages)
            return Figures.plain(micro, doubt: micro * max(doubt, 0.01))
        }
        (sending, receiving) = (cost(throughput.producers), cost(throughput.consumers))
    }
}

struct LatencyCells {
    /// Percentiles in the order of `names`, and the maximum.
    static let names = ["p50", "p90", "p99", "p99.9", "max"]
    static let shares = [0.5, 0.9, 0.99, 0.999]

    var rate: String
    var percentiles: [String]
    /// p99 of how late the generator was.
    var delay: String
    var isInvalid: Bool
    /// Whether one of `percentiles` says that there are too few messages for it.
    var isThin: Bool

    init(_ latency: Latency, of result: BenchResult, floor: Floor?) {
        let floor = result.isAboveFloor ? floor : nil
        let values = latency.response
        let histogram = try? values.histogram()
        percentiles = zip(Self.shares, [values.p50, values.p90, values.p99, values.p999]).map { share, value in
            guard let doubt = histogram.map({ $0.doubt(at: share) }) ?? value / 1000 else { return "–" }
            return Self.cell(value, doubt: doubt / 1e9, floor: floor)
        }
        isThin = percentiles.contains("–")
        percentiles.append(Self.cell(values.max, doubt: 0, floor: floor))
        rate = Figures.amount(latency.rate)
        delay = Figures.time(latency.publishDelay.p99)
        isInvalid = !latency.invalid.isEmpty
    }

    private static func cell(_ seconds: Double, doubt: Double, floor: Floor?) -> String {
        guard let floor else { return Figures.time(seconds, doubt: doubt) }
        if seconds < floor.p50 { return "<" + Figures.time(floor.p50) }
        return Figures.time(seconds, doubt: max(doubt, floor.p50))
    }
}

extension BenchResult {
    /// `mem:` is the floor and cannot lie below it.
    var isAboveFloor: Bool { transport != "mem" }

    /// Sentences that void it, with the phase they belong to.
    var invalidities: [String] {
        (throughput?.invalid ?? []).map { "throughput: \($0)" } + (latency?.invalid ?? []).map { "latency: \($0)" }
    }

    var remarks: [String] {
        (throughput?.warnings ?? []).map { "throughput: \($0)" } + (latency?.warnings ?? []).map { "latency: \($0)" }
    }
}

extension Account {
    /// `lost 3, duplicated 0, reordered 0`.
    var words: String { "lost \(lost), duplicated \(duplicated), reordered \(reordered)" }
}

extension BenchReport {
    /// How it was measured, one clause each.
    var planClauses: [String] {
        let plan = plan
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        var clauses = [
            "\(count(plan.producers, "producer")), \(count(plan.consumers, "consumer")), \(processes)",
            plan.sizes.map(Figures.size).joined(separator: ", "),
        ]
        if plan.roundTrip { clauses.append("round trips") }
        clauses.append("rate \(plan.rate)\(plan.objective.map { " for \($0)" } ?? "")")
        let measured = plan.count.map { "\($0) messages" } ?? "\(Figures.plain(plan.duration)) s"
        clauses.append("\(count(plan.windows, "window")) in \(measured) after \(Figures.plain(plan.warmup)) s of warm-up")
        clauses.append("batches of \(plan.batch)")
        clauses.append("payload \(plan.payload)")
        return clauses.map(Figures.printable)
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
        ].map(Figures.printable)
    }

    /// What the harness itself costs, in one sentence.
    var floorSentence: String? {
        floor.map {
            "the harness alone, over mem: moves \(Figures.amount($0.messagesPerSecond)) msg/s, with p50 \(Figures.time($0.p50)) "
                + "and p99 \(Figures.time($0.p99)): figures say nothing below that"
        }
    }

    var title: String { Figures.printable(label ?? startedAt) }
    var isInvalid: Bool { results.contains { !$0.invalidities.isEmpty } }
}
