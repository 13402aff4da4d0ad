public import MQCore

/// Two runs of the same plan on the same machine: what changed, how surely, and whether that is allowed.
public struct Comparison: Sendable, Equatable {
    /// The value of `schema` in its JSON.
    public static let schemaName = "mq.bench.comparison/1"

    /// What a change amounts to.
    public enum Verdict: String, Sendable {
        case better, worse
        /// The interval holds zero, the change is under `Comparison.leastChange`, or under the floor of the harness.
        case same = "same within noise"
        /// One figure alone, without an interval: a maximum, processor time, a single window.
        case unknown = "no interval"
        /// One of the runs is INVALID.
        case invalid
    }

    /// One figure of one result in both runs, in the units of `Metric`.
    public struct Change: Sendable, Equatable {
        /// What the two figures measure.
        public var metric = Metric.throughput
        /// The figure of the earlier run.
        public var old = 0.0
        /// The figure of the later run.
        public var new = 0.0
        /// New / old − 1; absent when the old figure is zero.
        public var change: Double?
        /// Bounds of `change` at 95 % confidence. They speak of these two runs: repeat both to see how runs differ.
        public var low: Double?
        /// The upper bound.
        public var high: Double?
        /// What the bounds allow to say of it.
        public var verdict = Verdict.unknown
    }

    /// One address at one size, in both runs.
    public struct Pair: Sendable, Equatable {
        /// `BenchResult.name`, the same in both.
        public var name = ""
        /// Bytes of a message.
        public var size = 0
        /// One for each metric that both runs have.
        public var changes: [Change] = []
        /// Sentences that limit what the pair says.
        public var notes: [String] = []
    }

    /// What became of one condition.
    public struct Outcome: Sendable, Equatable {
        /// As it was typed behind `--fail-on`.
        public var condition = ""
        /// Why it failed, one sentence for each pair; empty when it is met.
        public var failures: [String] = []
    }

    /// Changes under two percent are never called better or worse: runs of the same program differ by more.
    public static let leastChange = 0.02

    /// Tells a reader of the JSON what it has before it.
    public var schema = Comparison.schemaName
    /// The earlier run.
    public var old = Side()
    /// The later run.
    public var new = Side()
    /// What is not alike, when compared by force.
    public var differences: [String] = []
    /// In the order of the earlier run.
    public var pairs: [Pair] = []
    /// Results that only one of the runs has.
    public var unpaired: [String] = []
    /// One for each `--fail-on`.
    public var outcomes: [Outcome] = []

    /// Which run it was.
    public struct Side: Sendable, Equatable {
        /// Its `--label`.
        public var label: String?
        /// RFC 3339, UTC.
        public var startedAt = ""
        /// The version of mq that measured.
        public var version = ""
        /// `Host.fingerprint` of its machine.
        public var fingerprint = ""

        init() {}

        init(_ report: BenchReport) {
            (label, startedAt, version) = (report.label, report.startedAt, report.version)
            fingerprint = report.host.fingerprint
        }
    }

    init() {}

    /// Whether a condition failed.
    public var hasFailed: Bool { outcomes.contains { !$0.failures.isEmpty } }

    /// - Throws: `unsupported` for different plans or hosts unless `isForced`; each difference is one of its details.
    public init(
        old: BenchReport, new: BenchReport, conditions: [FailCondition] = [], isForced: Bool = false
    ) throws(TransportError) {
        differences = Self.differences(old, new)
        if !isForced && !differences.isEmpty {
            var error = TransportError(
                .unsupported, "these runs do not compare",
                hint: "--force compares what they share; judge the result yourself (mq bench compare --help)"
            )
            error.details = differences
            throw error
        }
        (self.old, self.new) = (Side(old), Side(new))
        var left = new.results
        for before in old.results {
            guard let place = left.firstIndex(where: { $0.name == before.name && $0.size == before.size }) else {
                unpaired.append("\(before.name), \(Figures.size(before.size)): only in the old run")
                continue
            }
            pairs.append(Pair(before, left.remove(at: place), floors: [old.floor, new.floor].compactMap { $0 }))
        }
        unpaired += left.map { "\($0.name), \(Figures.size($0.size)): only in the new run" }
        outcomes = conditions.map(outcome)
    }

    /// What keeps two runs from being compared: sentences, empty for equal plans and hosts.
    public static func differences(_ old: BenchReport, _ new: BenchReport) -> [String] {
        var result: [String] = []
        func compare(_ what: String, _ left: String, _ right: String) {
            if left != right { result.append("\(what): \(left) before, \(right) now".printable) }
        }
        compare("host", old.host.fingerprint, new.host.fingerprint)
        let (a, b) = (old.plan, new.plan)
        compare("addresses", a.addresses.joined(separator: " "), b.addresses.joined(separator: " "))
        compare("sizes", "\(a.sizes)", "\(b.sizes)")
        compare("producers", "\(a.producers)", "\(b.producers)")
        compare("consumers", "\(a.consumers)", "\(b.consumers)")
        compare("rate", a.rate, b.rate)
        compare("objective", a.objective ?? "none", b.objective ?? "none")
        compare("seconds", "\(a.duration)", "\(b.duration)")
        compare("warm-up", "\(a.warmup) s", "\(b.warmup) s")
        compare("windows", "\(a.windows)", "\(b.windows)")
        compare("count", a.count.map { "\($0)" } ?? "none", b.count.map { "\($0)" } ?? "none")
        compare("batch", "\(a.batch)", "\(b.batch)")
        compare("round trips", a.roundTrip ? "yes" : "no", b.roundTrip ? "yes" : "no")
        compare("same process", a.sameProcess ? "yes" : "no", b.sameProcess ? "yes" : "no")
        compare("payload", a.payload, b.payload)
        compare("window", a.window ?? WindowLimit.none.text, b.window ?? WindowLimit.none.text)
        return result
    }

    /// Fails closed: what cannot be told is not met.
    private func outcome(_ condition: FailCondition) -> Outcome {
        var failures = unpaired.filter { $0.hasSuffix("only in the old run") }
        for pair in pairs {
            let subject = "\(pair.name), \(Figures.size(pair.size))"
            guard let change = pair.changes.first(where: { $0.metric == condition.metric }) else {
                failures.append("\(subject): \(condition.metric.rawValue) is not in both runs")
                continue
            }
            if let why = change.violation(of: condition) { failures.append("\(subject): \(why)") }
        }
        if pairs.isEmpty && failures.isEmpty { failures.append("the runs have no result in common") }
        return Outcome(condition: condition.text, failures: failures)
    }

    /// The JSON of `--json`, in lines.
    public func json() throws(TransportError) -> [UInt8] { try tree.pretty() }
}

extension Comparison.Change {
    /// A relative limit is broken by a change beyond it that noise does not explain.
    func violation(of condition: FailCondition) -> String? {
        if verdict == .invalid { return "INVALID" }
        switch condition.limit {
        case .value(let limit):
            guard condition.isUpper ? new > limit : new < limit else { return nil }
            return "\(metric.text(new)) \(condition.isUpper ? ">" : "<") \(metric.text(limit))"
        case .change(let limit):
            let change = self.change ?? (new > 0 ? .infinity : 0)
            guard condition.isUpper ? change > limit : change < limit, verdict != .same else { return nil }
            return "\(Figures.change(change)), from \(metric.text(old)) to \(metric.text(new))"
        }
    }
}
