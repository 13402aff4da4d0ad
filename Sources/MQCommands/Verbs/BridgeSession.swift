import MQCore

/// One run of `mq bridge`: a session whose work is other queues.
final class BridgeSession {
    struct Plan {
        var session: WorkPlan
        var prefetch: Int?
        var work = BridgeWork.Plan()
        var sieve: BridgeSieve.Plan?

        init(_ session: WorkPlan) { self.session = session }
    }

    /// What a transport restores by itself it restores without end, unless something else is said.
    private static let endless = Duration.forever

    private let session: WorkSession

    /// - Parameter transports: instead of what the destinations' addresses lead to.
    init(
        _ plan: Plan, to destinations: [ResolvedAddress], console: Console, surroundings: Surroundings = Surroundings(),
        transports: [any Transport]? = nil
    ) throws(TransportError) {
        var leads: [any Transport] = []
        for index in destinations.indices {
            if let transports { leads.append(transports[index]) } else { leads.append(try destinations[index].transport()) }
        }
        Self.sayPromise(plan, destinations, console)
        session = try WorkSession(plan.session, console: console, surroundings: surroundings, open: { Self.opener(plan.session, $0) }) {
            setting throws(TransportError) in
            try Self.work(plan, destinations, leads, setting)
        }
    }

    func run() throws(TransportError) -> Ending { try session.run() }

    /// What a message survives on the way, where that is less than a broker promises.
    private static func sayPromise(_ plan: Plan, _ destinations: [ResolvedAddress], _ console: Console) {
        if plan.work.isDry { return }
        let source = plan.session.address.descriptor
        if !source.capabilities.contains(.acknowledge) {
            console.note("at most once: \(source.name) has no acknowledgements, and what is under way is lost if mq is killed")
        }
        for destination in destinations where destination.descriptor.capabilities.isDisjoint(with: [.acknowledge, .kernel]) {
            console.note("\(destination.address.short): \(destination.descriptor.name) confirms nothing; handed over is all that is known")
        }
    }

    private static func work(
        _ plan: Plan, _ destinations: [ResolvedAddress], _ transports: [any Transport], _ setting: WorkSession.Setting
    ) throws(TransportError) -> BridgeWork {
        var sievePlan = plan.sieve
        if let grace = plan.session.grace { sievePlan?.grace = grace }
        let sieve = sievePlan.map { BridgeSieve($0, turn: setting.turn) }
        let ends = plan.work.isDry ? [] : destinations.map { BridgeDestination($0, turn: setting.turn) }
        var own = plan.work
        let source = plan.session.address
        if !source.descriptor.capabilities.contains(.acknowledge) && !own.isDry {
            own.window = Intake.window(plan.prefetch, source, peeks: false)
        } else if let prefetch = plan.prefetch {
            own.window = max(1, prefetch)
        }
        let work = BridgeWork(
            own, from: source.descriptor, to: ends, sieve: sieve, tally: setting.tally, turn: setting.turn, stop: setting.stop,
            console: setting.console)
        if let sieve { try BridgeCompanion.start(for: sieve, console: setting.console) }
        var errand = BridgeDestination.Plan(
            retry: plan.session.retry, buriesRefused: plan.session.deadLetters?.address != nil, hasOthers: !own.copies && ends.count > 1)
        if let grace = plan.session.grace { errand.grace = grace }
        for (end, transport) in zip(ends, transports) {
            try BridgeCourier.start(for: end, errand, transport: transport, console: setting.console)
        }
        return work
    }

    /// Opens the source, and tries again while there is hope.
    private static func opener(_ plan: WorkPlan, _ setting: WorkSession.Setting) -> WorkSession.Opener {
        { opening, transport throws(TransportError) in
            let (console, stop) = (setting.console, setting.stop)
            var opening = opening
            opening.retry = plan.retry ?? endless
            var link = BridgeLink(side: "source \(plan.address.address.short)", retry: plan.retry)
            while true {
                opening.deadline = .after(.seconds(30))
                do throws(TransportError) {
                    let receiver = try transport.openReceiver(opening)
                    if let words = link.connected() { console.note(words) }
                    return receiver
                } catch {
                    let words = link.failed(error)
                    if let signal = stop.reason?.signal { Endpoints.leave(by: signal, console) }
                    guard link.hasHope(after: error) else { throw error }
                    if let words { console.warn(words) }
                    _ = Readiness.wait(for: 0, on: -1, until: link.nextTry, stop: stop)
                    if let signal = stop.reason?.signal { Endpoints.leave(by: signal, console) }
                }
            }
        }
    }
}
