import MQCore

/// The thread of one destination: it connects, and connects again, hands over what lies there, and reports what was confirmed.
final class BridgeCourier {
    /// How long a wait for room may last before somebody looks at it.
    private static let slice = Duration.seconds(1)
    /// How long an attempt to connect may take.
    private static let connecting = Duration.seconds(30)

    private let destination: BridgeDestination
    private let plan: BridgeDestination.Plan
    private let console: Console
    private let open: (Opening) throws(TransportError) -> any Sender
    private var link: BridgeLink
    private var delivery: Delivery?
    /// In the order of handing over; only the last may be handed over in part.
    private var loads: [BridgeLoad] = []
    private var news = BridgeDestination.News()
    private var figures = BridgeDestination.Figures()
    private var order = BridgeDestination.Order.carry
    /// Until when what was handed over is waited for after the order to give back.
    private var end = Deadline.never
    private var isOver = false
    /// Whether what lies there was looked at in this round: only then is more of it waited for.
    private var hasLooked = false
    private var isBlocked = false
    private var hasSaidBlocked = false
    private let calm = StopFlag()
    /// Whether the transport confirms what it takes.
    private let confirms: Bool

    private init(
        _ destination: BridgeDestination, _ plan: BridgeDestination.Plan, console: Console,
        _ open: @escaping (Opening) throws(TransportError) -> any Sender
    ) {
        (self.destination, self.plan, self.console, self.open) = (destination, plan, console, open)
        link = BridgeLink(side: "destination \(destination.name)", retry: plan.retry)
        confirms = destination.address.descriptor.capabilities.contains(.acknowledge)
    }

    /// - Throws: `failure` when there is no thread.
    static func start(
        for destination: BridgeDestination, _ plan: BridgeDestination.Plan, transport: any Transport, console: Console
    ) throws(TransportError) {
        try BackgroundThread.start("mq-bridge", blockingSignals: true) {
            BridgeCourier(destination, plan, console: console) { opening throws(TransportError) in
                try transport.openSender(opening)
            }.run()
        }
    }

    private func run() {
        while !isOver {
            destination.wake.lower()
            hasLooked = unhanded == nil
            let task = destination.next(takesLoad: hasLooked, size: delivery?.requestSize ?? 1)
            if let load = task.load { take(load) }
            obey(task.order)
            do throws(TransportError) {
                try connect()
                try work(until: task.due)
            } catch {
                lose(error)
            }
            report()
        }
    }

    // MARK: - Orders

    private func obey(_ order: BridgeDestination.Order) {
        if order >= .giveBack && self.order < .giveBack { end = .after(plan.grace) }
        self.order = order
        if order == .giveBack { giveBack() }
        // Nobody waits for a verdict any more.
        if order == .close { loads = [] }
    }

    /// Gives back what was not handed over, and what cannot be confirmed any more.
    private func giveBack() {
        let isHopeless = delivery == nil || end.hasPassed
        for load in loads {
            load.forEachOpen(isHopeless ? 0..<load.count : load.unhanded) { indices in
                load.forEachRun(indices) { news.verdicts.append(Verdict($1, .again(after: .zero))) }
            }
            if isHopeless { load.removeAll() } else { load.dropUnhanded() }
        }
        removeSettled()
    }

    private func removeSettled() {
        while let load = loads.first, load.isSettled, load.unhanded.isEmpty {
            loads.removeFirst()
            destination.recycle(load)
        }
    }

    // MARK: - Connecting

    private func connect() throws(TransportError) {
        guard delivery == nil, order < .giveBack else { return }
        if !link.nextTry.hasPassed {
            _ = Readiness.wait(for: 0, on: -1, until: link.nextTry, stop: destination.wake)
            guard link.nextTry.hasPassed else { return }
        }
        var opening = Opening(stop: destination.leaving)
        opening.notices = Endpoints.notices(console: console)
        opening.deadline = .after(Self.connecting)
        let sender = try open(opening)
        var limits = Delivery.Limits()
        (limits.skipsRefused, limits.namesDropped, limits.trustsTaken) = (true, false, !confirms)
        delivery = Delivery(sender, of: destination.address.descriptor, limits, notices: opening.notices)
        if let words = link.connected() { console.note(words) }
    }

    /// A connection broke, or none could be made: what it had not confirmed goes again.
    private func lose(_ error: TransportError) {
        // Of the call that failed, the first may be confirmed.
        if let delivery, let load = unhanded { load.handed = min(load.count, max(load.handed, delivery.handed - load.first)) }
        hear()
        if let delivery { figures.repeated += delivery.inDoubt }
        for remark in delivery?.closingRemarks ?? [] { console.detail("\(link.side): \(remark)") }
        delivery = nil
        isBlocked = false
        gather()
        if order >= .giveBack { return giveBack() }
        let words = link.failed(error)
        if link.hasHope(after: error) {
            if let words { console.warn(words) }
            if plan.hasOthers { returnLoads() }
        } else {
            news.failure = destination.named(error, console)
            returnLoads()
            isOver = true
        }
    }

    /// Puts everything that has no verdict into one load, to be handed over anew.
    private func gather() {
        guard loads.contains(where: { $0.handed > 0 }) || loads.count > 1 else { return }
        let all = BridgeLoad()
        for load in loads { load.forEachOpen(0..<load.count) { all.append(load, $0) } }
        loads = all.isEmpty ? [] : [all]
    }

    private func returnLoads() {
        news.returned += loads
        loads = []
    }

    // MARK: - Handing over

    /// The load that is not handed over as a whole.
    private var unhanded: BridgeLoad? { loads.last.flatMap { $0.unhanded.isEmpty ? nil : $0 } }

    private func take(_ load: BridgeLoad) {
        load.first = delivery?.handed ?? 0
        loads.append(load)
    }

    /// Hands over, hears, and waits for what comes first: news, room, something more to hand over.
    private func work(until due: Deadline) throws(TransportError) {
        guard let delivery else {
            if order >= .giveBack && hasLooked { close() }
            return
        }
        if let load = unhanded {
            if load.handed == 0 { load.first = delivery.handed }
            load.handed += try delivery.offer(load.batch, load.unhanded, until: .immediately, stop: calm)
        }
        isBlocked = unhanded != nil
        if !isBlocked { hasSaidBlocked = false }
        hear()
        if order == .close && !isBlocked && unconfirmed == 0 { return try finish(delivery) }
        report()
        if unhanded == nil && !hasLooked { return }
        let until = order >= .giveBack && !end.hasPassed ? due.earlier(end) : due
        if unconfirmed > 0 {
            try delivery.progress(until: until, stop: destination.wake)
            hear()
        } else if isBlocked, let load = unhanded {
            try insist(delivery, load)
        } else {
            _ = Readiness.wait(for: 0, on: -1, until: due, stop: destination.wake)
        }
    }

    /// Messages that were handed over and are neither confirmed nor refused.
    private var unconfirmed: Int { loads.reduce(0) { $0 + $1.unconfirmed } }

    /// Waits for room.
    private func insist(_ delivery: Delivery, _ load: BridgeLoad) throws(TransportError) {
        let before = load.handed
        load.handed += try delivery.offer(load.batch, load.unhanded, until: .after(Self.slice), stop: destination.wake)
        hear()
        guard load.handed == before, !destination.wake.isRaised, !hasSaidBlocked else { return }
        hasSaidBlocked = true
        console.warn("\(link.side): waiting: \(delivery.obstacle.message)")
    }

    // MARK: - Hearing

    /// Takes in what is known of messages.
    private func hear() {
        guard let delivery else { return }
        for verdict in delivery.verdicts() { settle(verdict) }
        removeSettled()
    }

    private func settle(_ verdict: Verdict) {
        let fate = fate(verdict.fate)
        var isDone = false
        if case .done = verdict.fate { isDone = true }
        for load in loads {
            let all = load.first..<load.first + load.handed
            let part = verdict.positions.clamped(to: all)
            if part.isEmpty { continue }
            let indices = part.lowerBound - load.first..<part.upperBound - load.first
            load.forEachRun(indices) { news.verdicts.append(Verdict($1, fate)) }
            load.settle(indices, isDone: isDone)
            if isDone {
                figures.forwarded += indices.count
                link.proved()
            }
        }
    }

    private func fate(_ fate: Verdict.Fate) -> Verdict.Fate {
        guard case .refused(let error) = fate else { return fate }
        if error.code == .tryAgain || error.isRetriable { return .again(after: nil) }
        let named = destination.named(error, console)
        return plan.buriesRefused && error.code != .duplicate ? .refused(named) : .stop(named)
    }

    private func report() {
        figures.reconnects = link.reconnects
        (figures.isUp, figures.words) = (link.isUp, link.words)
        figures.unconfirmed = unconfirmed
        destination.report(news, figures)
        news = BridgeDestination.News()
    }

    // MARK: - The end

    /// Everything has its verdict. What leaves the process only at the end leaves now.
    private func finish(_ delivery: Delivery) throws(TransportError) {
        let isLeaving = destination.leaving.isRaised
        do throws(TransportError) {
            try delivery.finish(
                until: .after(isLeaving ? .milliseconds(500) : Self.connecting), stop: isLeaving ? calm : destination.leaving)
        } catch {
            news.failure = destination.named(error, console)
        }
        news.remarks += delivery.closingRemarks.map { "\(link.side): \($0)" }
        self.delivery = nil
        close()
    }

    private func close() {
        guard order == .close else {
            // Nothing is left to do but to hear that this is the end.
            _ = Readiness.wait(for: 0, on: -1, until: .never, stop: destination.wake)
            return
        }
        if figures.repeated > 0 {
            news.remarks.append(
                "\(link.side): \(Quantity.count(figures.repeated, "message")) sent again after a broken connection may have arrived twice")
        }
        news.isClosed = true
        isOver = true
    }
}
