public import MQCore

/// Measures every address at every size, one after the other.
public struct BenchRunner {
    var plan: BenchPlan
    let rate: RateChoice
    let objective: Objective?
    let window: WindowLimit
    /// What measures the harness itself: an address within this process.
    let floorTarget: BenchTarget?
    let stop: StopFlag
    let resolve: @Sendable (String) throws(TransportError) -> any Transport
    let progress: (BenchProgress) -> Void
    /// What messages are marked by; `nil` is another number for each phase. A test's way to forge some.
    var mark: UInt16?
    /// Seconds, p99 of the harness alone, once that was measured.
    private(set) var floorTail = 0.0

    /// - Parameters:
    ///   - floor: a private queue within this process, over which the harness itself is measured; `nil` leaves that out.
    ///   - resolve: makes the transport of an address; called in this process and, by the worker's verb, in others.
    public init(
        plan: BenchPlan, rate: RateChoice, objective: Objective?, window: WindowLimit = .standard, floor: BenchTarget?, stop: StopFlag,
        resolve: @escaping @Sendable (String) throws(TransportError) -> any Transport, progress: @escaping (BenchProgress) -> Void
    ) {
        self.plan = plan
        self.rate = rate
        self.objective = objective
        self.window = window
        floorTarget = floor
        self.stop = stop
        self.resolve = resolve
        self.progress = progress
    }

    /// - Throws: what concerns the run as a whole; what concerns one address stands in its result.
    public func run(_ targets: [BenchTarget], version: String, label: String?) throws(TransportError) -> BenchReport {
        let startedAt = Timestamp.text(WallClock.now())
        let probe = HostProbe()
        let steps = targets.count * plan.sizes.count
        var results: [BenchResult] = []
        let floor = try floor(targets)
        var runner = self
        runner.floorTail = floor?.p99 ?? 0
        for target in targets {
            for size in plan.sizes {
                if stop.isRaised { throw TransportError(.failure, "interrupted") }
                results.append(runner.measure(target, size, step: results.count + 1, of: steps))
            }
        }
        if stop.isRaised { throw TransportError(.failure, "interrupted") }
        let host = probe.host()
        return BenchReport(
            version: version, label: label, startedAt: startedAt, host: host, plan: plan, floor: floor, results: results,
            warnings: Self.warnings(about: host) + Self.crowding(host, plan, results))
    }

    private static func warnings(about host: Host) -> [String] {
        var result: [String] = []
        if host.loadBefore > Double(host.processors) * 0.5 {
            result.append(
                "the machine was busy before the start: load \(Quantity.decimal(host.loadBefore, digits: 1)) on \(host.processors) processors"
            )
        }
        if host.steal > 0.01 {
            result.append("the hypervisor gave \(Quantity.decimal(host.steal * 100, digits: 1)) % of the processor time to others")
        }
        return result
    }

    /// Why generators were late, once for all addresses.
    static func crowding(_ host: Host, _ plan: BenchPlan, _ results: [BenchResult]) -> [String] {
        let isLate = results.contains { $0.latency?.skippedRates != nil || $0.latency?.isLate == true }
        // The generator spins, the receiving side works, and a broker or a library's threads do.
        guard isLate, host.processors < plan.producers + plan.consumers + 1 else { return [] }
        return [
            "both sides, and a broker or a library's threads, share \(host.processors) processors: that is why the generator was late"
        ]
    }

    /// A rate at which memory has nothing in its way, and its receiver no time to fall asleep: what is left is the harness.
    private static let floorRate = 200_000.0

    /// The harness within this process: below this no figure means anything. Not with such a queue among the addresses, whose result it is.
    private func floor(_ targets: [BenchTarget]) throws(TransportError) -> Floor? {
        guard let floorTarget, !plan.roundTrip, !targets.contains(where: { $0.descriptor.capabilities.contains(.processLocal) }) else {
            return nil
        }
        let small = BenchRunner(
            plan: plan.shortened(to: min(plan.duration, 1)), rate: .maximum, objective: nil, window: window, floor: nil, stop: stop,
            resolve: resolve, progress: progress)
        let place = Place(step: 0, steps: targets.count * plan.sizes.count, name: "the harness itself")
        let throughput = try small.throughput(floorTarget, plan.sizes[0], place)
        var pace = Self.floorRate
        if case .fixed(let rate) = rate { pace = min(rate, pace) }
        let latency = try small.latency(floorTarget, plan.sizes[0], rate: pace, place).result
        return Floor(messagesPerSecond: throughput.messagesPerSecond, p50: latency.response.p50, p99: latency.response.p99)
    }
}

// MARK: - One address at one size

extension BenchRunner {
    private func measure(_ target: BenchTarget, _ size: Int, step: Int, of steps: Int) -> BenchResult {
        var result = BenchResult(
            name: target.text, address: target.text, transport: target.descriptor.name, guarantee: target.descriptor.guarantee.rawValue,
            size: size)
        let point = try? target.transport.meetingPoint(named: "any")
        if !isOrdered(target, point) { result.isOrdered = false }
        if isProcessLocal(target, point) { result.isProcessLocal = true }
        let place = Place(step: step, steps: steps, name: target.text)
        do throws(TransportError) {
            if plan.roundTrip {
                result.latency = try roundTrip(target, size, place).result
                return result
            }
            if case .fixed(let rate) = rate {
                result.latency = try latency(target, size, rate: rate, place).result
                return result
            }
            let throughput = try throughput(target, size, place)
            result.throughput = throughput
            guard throughput.messagesPerSecond > 0 else { return result }
            switch rate {
            case .automatic: result.latency = try steadyLatency(target, size, from: throughput.messagesPerSecond, place)
            case .share(let share): result.latency = try latency(target, size, rate: throughput.messagesPerSecond * share, place).result
            case .find: try search(target, size, from: throughput.messagesPerSecond, &result, place)
            default: break
            }
        } catch {
            result.failure = error.sentence
            result.failureKind = error.code.name
        }
        return result
    }

    struct Place {
        var step: Int
        var steps: Int
        var name: String
    }

    /// Creates what is private, runs, and deletes it on every way out.
    func withPhase<Result>(
        _ target: BenchTarget, answers: Bool = false, _ body: (MeetingPoint, MeetingPoint?) throws(TransportError) -> Result
    ) throws(TransportError) -> Result {
        let unique = PrivateName.make("mq-bench")
        let point = try target.transport.meetingPoint(named: unique)
        var back: MeetingPoint?
        if answers {
            guard point.isPrivate else {
                throw TransportError(
                    .usage, "--rtt needs a queue for the answers too", hint: "\(target.descriptor.schemes[0]):temp has one")
            }
            back = try target.transport.meetingPoint(named: unique + "-back")
        }
        let queues = try PrivateQueues([point] + (back.map { [$0] } ?? []), target.descriptor, resolve)
        defer { queues.remove() }
        return try body(point, back)
    }

    func phase(_ point: MeetingPoint, _ back: MeetingPoint?, _ target: BenchTarget, _ size: Int) -> Phase {
        var phase = Phase(
            point: point, answers: back, size: size, producers: plan.producers, consumers: plan.consumers, batch: plan.batch,
            warmup: plan.warmup, duration: plan.duration, windows: plan.windows, payload: plan.payload,
            isOrdered: isOrdered(target, point), inProcess: plan.sameProcess || isProcessLocal(target, point))
        if let mark { phase.mark = mark }
        return phase
    }

    private func isProcessLocal(_ target: BenchTarget, _ point: MeetingPoint?) -> Bool {
        point?.isProcessLocal == true || target.descriptor.capabilities.contains(.processLocal)
    }

    private func isOrdered(_ target: BenchTarget, _ point: MeetingPoint?) -> Bool {
        point?.isOrdered ?? target.descriptor.capabilities.contains(.ordered)
    }

    func watcher(_ place: Place, _ name: String, seconds: Double) -> (Int, Double, UInt64?) -> Void {
        var last = (messages: 0, seconds: 0.0)
        return { messages, elapsed, p99 in
            let span = elapsed - last.seconds
            let rate = span > 0 ? Double(messages - last.messages) / span : 0
            last = (messages, elapsed)
            let left = max(0, seconds - elapsed) + Double(place.steps - place.step) * self.secondsPerStep
            self.progress(
                BenchProgress(
                    step: place.step, steps: place.steps, name: place.name, phase: name, share: min(1, elapsed / max(seconds, 0.001)),
                    messagesPerSecond: rate, p99: p99.map(Self.coarse), remaining: left))
        }
    }

    private static func coarse(_ nanoseconds: UInt64) -> String {
        let seconds = Double(nanoseconds) / 1e9
        return Figures.time(seconds, doubt: seconds / 8)
    }

    private var secondsPerStep: Double {
        let phases: Double
        switch rate {
        case .automatic: phases = 2.2
        case .share: phases = 2
        case .find: phases = 1 + Double(Self.searchSteps) / 2
        case .maximum, .fixed: phases = 1
        }
        return phases * (plan.warmup + plan.duration)
    }
}
