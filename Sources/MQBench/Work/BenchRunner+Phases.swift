internal import MQCore

extension BenchRunner {
    /// How many rates `--rate find` tries.
    static let searchSteps = 8

    func throughput(_ target: BenchTarget, _ size: Int, _ place: Place) throws(TransportError) -> Throughput {
        try withPhase(target) { point, _ throws(TransportError) in
            var phase = phase(point, nil, target, size)
            if let count = plan.count {
                phase.count = count
                (phase.warmup, phase.duration) = (0, 3600)
            }
            let seconds = plan.count == nil ? plan.warmup + plan.duration : 0
            let outcome = try phase.run(stop: stop, resolve: resolve, watch: watcher(place, "throughput", seconds: seconds))
            return summarize(outcome)
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

    private func note(_ outcome: Phase.Outcome, _ invalid: inout [String]) {
        invalid += outcome.objections
        if outcome.foreign > 0 {
            invalid.append("\(outcome.foreign) messages in the queue were not of this benchmark: somebody else uses it")
        }
    }

    /// The result, and the response times behind it.
    func latency(
        _ target: BenchTarget, _ size: Int, rate: Double, _ place: Place
    ) throws(TransportError) -> (result: Latency, response: Histogram) {
        try withPhase(target) { point, _ throws(TransportError) in
            var phase = phase(point, nil, target, size)
            phase.rate = rate
            let outcome = try phase.run(
                stop: stop, resolve: resolve,
                watch: watcher(place, "latency at \(Quantity.short(rate))/s", seconds: plan.warmup + plan.duration))
            let seconds = outcome.producers.map(\.measuredSeconds).max() ?? 0
            let measured = outcome.producers.reduce(0) { $0 + $1.measured }
            return summarize(outcome, outcome.consumers, rate: rate, achieved: seconds > 0 ? Double(measured) / seconds : 0)
        }
    }

    func roundTrip(
        _ target: BenchTarget, _ size: Int, _ place: Place
    ) throws(TransportError) -> (result: Latency, response: Histogram) {
        try withPhase(target, answers: true) { point, back throws(TransportError) in
            var phase = phase(point, back, target, size)
            if case .fixed(let rate) = rate { phase.rate = rate }
            phase.count = plan.count
            if plan.count != nil { (phase.warmup, phase.duration) = (0, 3600) }
            let outcome = try phase.run(
                stop: stop, resolve: resolve, watch: watcher(place, "round trips", seconds: plan.warmup + plan.duration))
            let ping = outcome.producers[0]
            let achieved = ping.measuredSeconds > 0 ? Double(ping.measured) / ping.measuredSeconds : 0
            return summarize(outcome, outcome.producers, rate: phase.rate ?? achieved, achieved: achieved)
        }
    }

    private func summarize(
        _ outcome: Phase.Outcome, _ witnesses: [WorkerResult], rate: Double, achieved: Double
    ) -> (result: Latency, response: Histogram) {
        var response = Histogram(), service = Histogram(), delay = Histogram()
        for result in witnesses {
            response.merge(Histogram(result.response))
            service.merge(Histogram(result.service))
        }
        for result in outcome.producers { delay.merge(Histogram(result.publishDelay)) }
        var latency = Latency(
            rate: rate, achievedRate: achieved, response: Distribution(response), service: service.isEmpty ? nil : Distribution(service),
            publishDelay: Distribution(delay), account: outcome.account, producers: outcome.producerCost, consumers: outcome.consumerCost,
            warnings: [], invalid: [])
        if response.isEmpty { latency.invalid.append("nothing was received in the measured time") }
        if achieved < rate * 0.99 {
            latency.invalid.append("the generator kept \(Quantity.short(achieved))/s of \(Quantity.short(rate))/s")
        }
        if !delay.isEmpty, !response.isEmpty, Double(delay.value(at: 0.99)) > 0.1 * Double(response.value(at: 0.5)) {
            latency.invalid.append("the generator was late: p99 of its delay is above a tenth of the median response")
        }
        if response.count < 1000 && !response.isEmpty { latency.warnings.append("\(response.count) samples only: p99.9 says nothing") }
        note(outcome, &latency.invalid)
        return (latency, response)
    }

    /// The highest rate whose latency meets the objective, by halving on a logarithmic scale.
    func search(
        _ target: BenchTarget, _ size: Int, from throughput: Double, _ result: inout BenchResult, _ place: Place
    ) throws(TransportError) {
        guard let objective else { throw TransportError(.usage, "--rate find needs --slo", hint: "--slo 'p99<5ms'") }
        var low = max(1, throughput / 1000), high = throughput
        var steps: [SearchStep] = []
        var best: Latency?
        for index in 0..<Self.searchSteps {
            let rate = index == 0 ? throughput * 0.5 : (low * high).squareRoot()
            let (found, response) = try latency(target, size, rate: rate, place)
            let value = Double(response.value(at: objective.share)) / 1e9
            // A generator that could not keep the rate has not shown that it can be met; one that was late has, all the more.
            let isMet = found.account.lost == 0 && found.achievedRate >= rate * 0.99 && value < objective.limit
            steps.append(SearchStep(rate: rate, value: value, isMet: isMet))
            if isMet {
                low = rate
                best = found
            } else {
                high = rate
            }
            if high / low < 1.03 { break }
        }
        result.search = steps
        result.latency = best
        if best == nil { result.failure = "no rate down to \(Quantity.short(low))/s met \(objective.text)" }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
