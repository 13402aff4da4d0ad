internal import MQCore

extension BenchRunner {
    /// What was measured, the response times behind it, and whether the generator kept its schedule.
    struct LatencyRun {
        var result: Latency
        var response: Histogram
        var isOnSchedule: Bool
    }

    func latency(
        _ target: BenchTarget, _ size: Int, rate: Double, _ place: Place
    ) throws(TransportError) -> LatencyRun {
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
    ) throws(TransportError) -> LatencyRun {
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
    ) -> LatencyRun {
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
        let check = GeneratorCheck(
            rate: rate, achieved: achieved, response: response, service: service, delay: delay, floorTail: floorTail)
        let objections = check.objections
        latency.invalid += objections
        if response.count < 1000 && !response.isEmpty {
            latency.warnings.append("\(Quantity.count(response.count, "sample")) only: p99.9 says nothing")
        }
        note(outcome, &latency.invalid)
        return LatencyRun(result: latency, response: response, isOnSchedule: objections.isEmpty)
    }

    /// Shares of the throughput at which latency is measured, the next one where the generator does not keep its schedule. The steps grow:
    /// twenty million per second are moved hundreds at a time, while a message sent when it is due costs a system call of its own and wakes
    /// the receiver, so that only some ten thousand per second leave no delay that shows.
    private static let shares = [1.0 / 2, 1.0 / 4, 1.0 / 16, 1.0 / 64]
    /// What is measured in any case when it kept none of them.
    private static let lowestShare = 1.0 / 512

    /// Latency at the first rate whose schedule the generator keeps. Each is tried for a short time before it is measured.
    func steadyLatency(_ target: BenchTarget, _ size: Int, from throughput: Double, _ place: Place) throws(TransportError) -> Latency {
        var trial = self
        trial.plan = plan.trial
        var skipped: [Double] = []
        var isRepeated = false
        for share in Self.shares {
            let rate = throughput * share
            if try trial.latency(target, size, rate: rate, place).isOnSchedule {
                let found = try latency(target, size, rate: rate, place)
                // A long measurement that fails where the trial did not is repeated once.
                if found.isOnSchedule || isRepeated { return found.result.behind(skipped) }
                isRepeated = true
            }
            skipped.append(rate)
        }
        return try latency(target, size, rate: throughput * Self.lowestShare, place).result.behind(skipped)
    }
}

extension Latency {
    /// With the rates that were tried before.
    fileprivate func behind(_ rates: [Double]) -> Latency {
        var result = self
        result.skippedRates = rates.isEmpty ? nil : rates
        return result
    }
}
