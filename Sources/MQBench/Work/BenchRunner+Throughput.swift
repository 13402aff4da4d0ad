internal import MQCore

extension BenchRunner {
    func throughput(_ target: BenchTarget, _ size: Int, _ place: Place) throws(TransportError) -> Throughput {
        try withPhase(target) { point, _ throws(TransportError) in
            var phase = phase(point, nil, target, size)
            phase.window = window.messages(of: size)
            if let count = plan.count {
                phase.count = count
                (phase.warmup, phase.duration) = (0, 3600)
            }
            let seconds = plan.count == nil ? plan.warmup + plan.duration : 0
            let outcome = try phase.run(stop: stop, resolve: resolve, watch: watcher(place, "throughput", seconds: seconds))
            var result = summarize(outcome)
            result.window = phase.window
            return result
        }
    }

    private func summarize(_ outcome: Phase.Outcome) -> Throughput {
        let windows = (0..<plan.windows).map { index in
            let parts = outcome.consumers.map { $0.windows[index] }
            return Window(seconds: parts.map(\.seconds).max() ?? 0, messages: parts.reduce(0) { $0 + $1.messages })
        }.filter { $0.seconds > 0 }
        let rates = windows.map(\.rate)
        var result = Throughput(
            messagesPerSecond: Self.median(rates), windows: windows, account: outcome.account, producers: outcome.producerCost,
            consumers: outcome.consumerCost, measuredMessages: outcome.consumers.reduce(0) { $0 + $1.measured }, warnings: [], invalid: [])
        if rates.count >= 3 {
            let rest = Self.median(Array(rates.dropFirst()))
            if rest > 0, (rates[0] / rest - 1).magnitude > 0.2 {
                result.warnings.append(
                    "the first window differs by \(Quantity.decimal((rates[0] / rest - 1) * 100, digits: 0)) %: a longer --warmup")
            }
        }
        if result.spread > 0.15 {
            result.warnings.append(
                "the windows scatter by ±\(Quantity.decimal(result.spread * 100, digits: 0)) %: a longer -d, a quieter machine")
        }
        if result.measuredMessages == 0 { result.invalid.append("nothing was received in the measured time") }
        note(outcome, &result.invalid)
        return result
    }

    func note(_ outcome: Phase.Outcome, _ invalid: inout [String]) {
        invalid += outcome.objections
        if outcome.foreign > 0 {
            invalid.append(
                "\(Quantity.count(outcome.foreign, "message")) in the queue \(outcome.foreign == 1 ? "was" : "were") not of this benchmark: somebody else uses it"
            )
        }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
