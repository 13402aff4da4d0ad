extension Comparison.Pair {
    init(_ old: BenchResult, _ new: BenchResult, floors: [Floor]) {
        (name, size) = (new.name, new.size)
        for (when, result) in [("old", old), ("new", new)] {
            if let failure = result.failure { notes.append("the \(when) run failed: \(failure)") }
            notes += result.invalidities.map { "the \(when) run is INVALID: \($0)" }
        }
        if let before = old.throughput, let after = new.throughput { addThroughput(before, after) }
        if let before = old.latency, let after = new.latency { addLatency(before, after, floors) }
        if old.failure == nil, new.failure == nil {
            let isInvalid = !(old.invalidities.isEmpty && new.invalidities.isEmpty)
            changes.append(Comparison.Change(lost: old.lost, new.lost, isInvalid: isInvalid))
        }
    }

    private mutating func addThroughput(_ old: Throughput, _ new: Throughput) {
        let isInvalid = !(old.invalid.isEmpty && new.invalid.isEmpty)
        let interval = RankInterval.ratio(old.windows.map(\.rate), new.windows.map(\.rate))
        changes.append(
            Comparison.Change(.throughput, old.messagesPerSecond, new.messagesPerSecond, interval: interval, isInvalid: isInvalid))
        if let before = old.costPerMessage, let after = new.costPerMessage {
            changes.append(Comparison.Change(.cpu, before, after, interval: nil, isInvalid: isInvalid))
        }
    }

    private mutating func addLatency(_ old: Latency, _ new: Latency, _ floors: [Floor]) {
        let isInvalid = !(old.invalid.isEmpty && new.invalid.isEmpty)
        let histograms = (try? old.response.histogram(), try? new.response.histogram())
        let values: [(Metric, Double, Double)] = [
            (.p50, old.response.p50, new.response.p50), (.p90, old.response.p90, new.response.p90),
            (.p99, old.response.p99, new.response.p99), (.p999, old.response.p999, new.response.p999),
            (.max, old.response.max, new.response.max),
        ]
        for (metric, before, after) in values {
            let interval = metric.share.flatMap { share in
                if let a = histograms.0, let b = histograms.1 { RankInterval.ratio(a, b, at: share) } else { nil }
            }
            let floor = floors.map { $0.bound(at: metric.share ?? 1) }.max() ?? 0
            changes.append(Comparison.Change(metric, before, after, interval: interval, floor: floor, isInvalid: isInvalid))
        }
        // With a rate that follows the throughput, the latencies belong to different loads.
        if old.rate > 0, abs(new.rate / old.rate - 1) > 0.05 {
            notes.append("latency was measured at \(Figures.amount(old.rate))/s before and at \(Figures.amount(new.rate))/s now")
        }
    }
}

extension Comparison.Change {
    /// - Parameters:
    ///   - interval: of new / old.
    ///   - floor: a difference in seconds that the harness does not tell apart.
    init(_ metric: Metric, _ old: Double, _ new: Double, interval: ClosedRange<Double>?, floor: Double = 0, isInvalid: Bool) {
        let ratio = old > 0 ? new / old : nil
        (self.metric, self.old, self.new, change) = (metric, old, new, ratio.map { $0 - 1 })
        // The interval always holds the figure that stands beside it.
        (low, high) = (interval.map { min($0.lowerBound, ratio ?? 1) - 1 }, interval.map { max($0.upperBound, ratio ?? 1) - 1 })
        if isInvalid {
            verdict = .invalid
        } else if let low, let high, let change {
            let isNoise = (low...high).contains(0) || abs(change) < Comparison.leastChange || (floor > 0 && abs(new - old) < floor)
            verdict = isNoise ? .same : (change > 0) == metric.isGain ? .better : .worse
        } else {
            verdict = old == new ? .same : .unknown
        }
    }

    /// Counts are exact.
    init(lost old: Int, _ new: Int, isInvalid: Bool) {
        self.init(.lost, Double(old), Double(new), interval: nil, isInvalid: isInvalid)
        if verdict == .unknown { verdict = new > old ? .worse : .better }
    }
}

extension BenchResult {
    fileprivate var lost: Int { (throughput?.account.lost ?? 0) + (latency?.account.lost ?? 0) }
}

extension Throughput {
    /// Seconds of processor time per message, both sides.
    fileprivate var costPerMessage: Double? {
        measuredMessages > 0 ? (producers.processorTime + consumers.processorTime) / Double(measuredMessages) : nil
    }
}
