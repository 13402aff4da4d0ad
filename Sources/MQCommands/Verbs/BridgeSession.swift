import MQCore

/// One run of `mq bridge`: an intake whose work are other queues.
final class BridgeSession {
    struct Plan {
        var count: Int?
        var drains = false
        var timeout: Duration?
        /// How long each side is tried when it fails; `nil` is without end.
        var retry: Duration?
        var prefetch: Int?
        var work = BridgeWork.Plan()
        var sieve: BridgeSieve.Plan?
        var deadLetters: DeadLetters.Plan?
        var ready: ReadyLine?
    }

    /// What a transport restores by itself it restores without end, unless something else is said.
    private static let endless = Duration.forever

    private let plan: Plan
    private let source: ResolvedAddress
    private let console: Console
    private let stop = StopFlag()
    private let work: BridgeWork
    private let intake: Intake
    private let deadLetters: DeadLetters?
    private let restored: Restorations

    /// - Parameter transports: instead of what the destinations' addresses lead to.
    init(
        plan: Plan, from source: ResolvedAddress, to destinations: [ResolvedAddress], console: Console,
        surroundings: Surroundings = Surroundings(), transports: [any Transport]? = nil
    ) throws(TransportError) {
        (self.plan, self.source, self.console) = (plan, source, console)
        let (turn, counters, restored) = (Turn(), Counters(), Restorations())
        self.restored = restored
        var leads: [any Transport] = []
        for index in destinations.indices {
            if let transports { leads.append(transports[index]) } else { leads.append(try destinations[index].transport()) }
        }
        let origin: any Transport
        if let given = surroundings.transport { origin = given } else { origin = try source.transport() }
        var burial = surroundings.deadLetters
        if burial == nil { burial = try plan.deadLetters?.address?.transport() }
        if surroundings.isWatched {
            ProcessMonitor.start(
                ProcessMonitor.Configuration(stop: stop, console: console, counters: counters, verb: "forwarded", turn: turn))
        }
        Self.sayPromise(plan, source, destinations, console)
        work = try Self.work(plan, source, destinations, leads, turn: turn, stop: stop, console: console)
        deadLetters = plan.deadLetters.map { [stop, burial] in DeadLetters($0, transport: burial, console: console, stop: stop) }
        let receiver = try Self.open(plan, source, origin, width: work.width, restored, stop: stop, console: console)
        plan.ready?.writeUnlessWritten(source.address.short)
        let limits = Intake.Limits(
            count: plan.count, timeout: plan.timeout, drains: plan.drains, peeks: plan.work.isDry,
            window: Intake.window(plan.prefetch, source, peeks: plan.work.isDry))
        intake = Intake(
            receiver, of: source, limits, for: work, deadLetters: deadLetters, tally: Tally(counters), turn: turn, stop: stop,
            console: console)
    }

    func run() throws(TransportError) -> Ending {
        var (ending, failure) = (Ending.success, TransportError?.none)
        do throws(TransportError) { ending = try intake.run() } catch { failure = error }
        do throws(TransportError) { try work.close() } catch { failure = failure ?? error }
        console.endProgress()
        console.note(
            plan.work.isDry
                ? "\(Quantity.count(work.passed, "message")) would be forwarded, \(Quantity.grouped(work.filtered)) filtered"
                : work.summary(deadLettered: deadLetters?.count ?? 0, reconnects: restored.count))
        if let failure { throw failure }
        return ending
    }

    /// What a message survives on the way, where that is less than a broker promises.
    private static func sayPromise(_ plan: Plan, _ source: ResolvedAddress, _ destinations: [ResolvedAddress], _ console: Console) {
        if plan.work.isDry { return }
        if !source.descriptor.capabilities.contains(.acknowledge) {
            console.note(
                "at most once: \(source.descriptor.name) has no acknowledgements, and what is under way is lost if mq is killed")
        }
        for destination in destinations where destination.descriptor.capabilities.isDisjoint(with: [.acknowledge, .kernel]) {
            console.note("\(destination.address.short): \(destination.descriptor.name) confirms nothing; handed over is all that is known")
        }
    }

    private static func work(
        _ plan: Plan, _ source: ResolvedAddress, _ destinations: [ResolvedAddress], _ transports: [any Transport], turn: Turn,
        stop: StopFlag, console: Console
    ) throws(TransportError) -> BridgeWork {
        let sieve = plan.sieve.map { BridgeSieve($0, turn: turn) }
        let ends = plan.work.isDry ? [] : destinations.map { BridgeDestination($0, turn: turn) }
        var own = plan.work
        if !source.descriptor.capabilities.contains(.acknowledge) && !plan.work.isDry {
            own.window = Intake.window(plan.prefetch, source, peeks: false)
        } else if let prefetch = plan.prefetch {
            own.window = max(1, prefetch)
        }
        let work = BridgeWork(own, from: source.descriptor, to: ends, sieve: sieve, turn: turn, stop: stop, console: console)
        if let sieve { try BridgeCompanion.start(for: sieve, console: console) }
        for (index, end) in ends.enumerated() {
            let errand = BridgeDestination.Plan(
                retry: plan.retry, buriesRefused: plan.deadLetters?.address != nil, hasOthers: !own.copies && ends.count > 1)
            try BridgeCourier.start(for: end, errand, transport: transports[index], console: console)
        }
        return work
    }

    /// Opens the source, and tries again while there is hope.
    private static func open(
        _ plan: Plan, _ source: ResolvedAddress, _ transport: any Transport, width: Int?, _ restored: Restorations, stop: StopFlag,
        console: Console
    ) throws(TransportError) -> any Receiver {
        var opening = Opening(stop: stop)
        let words = Endpoints.notices(console: console, ready: plan.ready)
        opening.notices = Notices { notice in
            if case .restored = notice { restored.add() }
            words(notice)
        }
        opening.mode = plan.work.isDry ? .peek : .consume
        opening.prefetch = [plan.prefetch, plan.count, width].compactMap { $0 }.min()
        opening.total = plan.count ?? .max
        opening.retry = plan.retry ?? endless
        opening.endsWhenEmpty = plan.drains || plan.timeout == .zero
        var link = BridgeLink(side: "source \(source.address.short)", retry: plan.retry)
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
