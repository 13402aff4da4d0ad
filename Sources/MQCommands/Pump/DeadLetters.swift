import MQCore

/// What becomes of messages that were delivered too often: another queue takes them, or they are dropped with a word.
final class DeadLetters {
    struct Plan {
        /// `--max-attempts`: the last attempt at which a message is still handed over.
        var attempts: Int
        /// `--dead-letter`; without it, messages are dropped.
        var address: ResolvedAddress?
        var retry: Duration?
    }

    /// What became of a range of messages.
    struct Outcome {
        /// Those that are safe elsewhere, or dropped: to be acknowledged.
        var done: [Range<Int>] = []
        /// Those that are neither: to be put back.
        var rest: [Range<Int>] = []
        var error: TransportError?
    }

    /// How long the other queue may take to confirm.
    private static let patience = Duration.seconds(30)

    private let plan: Plan
    private let console: Console
    private let stop: StopFlag
    private let openSender: (Opening) throws(TransportError) -> any Sender
    private var delivery: Delivery?
    /// Messages that were moved or dropped.
    private(set) var count = 0

    /// - Parameter transport: what the address leads to.
    init(_ plan: Plan, transport: (any Transport)?, console: Console, stop: StopFlag) {
        self.plan = plan
        self.console = console
        self.stop = stop
        openSender = { opening throws(TransportError) in
            guard let transport else { preconditionFailure("only for messages that go elsewhere") }
            return try transport.openSender(opening)
        }
    }

    func isDue(_ batch: borrowing Batch, _ index: Int) -> Bool { batch.properties(of: index).attempts ?? 0 > plan.attempts }

    /// Moves or drops `range`. Says of every message whether it may be acknowledged; the destination has confirmed those.
    func take(_ range: Range<Int>, of batch: borrowing Batch) -> Outcome {
        guard let address = plan.address else {
            for index in range { console.warn("dropped a \(words(batch, index))") }
            count += range.count
            return Outcome(done: [range])
        }
        var outcome = Outcome()
        do throws(TransportError) {
            outcome = try move(range, of: batch, to: address)
        } catch {
            outcome = Outcome(rest: [range], error: error)
        }
        for done in outcome.done { count += done.count }
        outcome.error = outcome.error.map { plan.named(console.remedies.withoutFlags.worded($0, at: address.address.short)) }
        return outcome
    }

    /// Messages that another queue has now.
    var moved: Int { plan.address == nil ? 0 : count }

    /// For the end of the run: what the destination has to say, and how many there were.
    var closingRemarks: [String] { (delivery?.closingRemarks ?? []) + (summary.map { [$0] } ?? []) }

    private var summary: String? {
        guard count > 0 else { return nil }
        let what = "\(Quantity.count(count, "message")) over \(plan.attempts) attempts"
        return what + (plan.address.map { " moved to \($0.address.short)" } ?? " dropped")
    }

    private func words(_ batch: borrowing Batch, _ index: Int) -> String {
        let properties = batch.properties(of: index)
        let name = properties.id.map { " \($0)" } ?? ""
        return "message\(name) of \(batch.size(of: index)) bytes at attempt \(properties.attempts ?? 0)"
    }

    /// Sends, and once more where a connection that lay idle turns out to be closed.
    private func move(_ range: Range<Int>, of batch: borrowing Batch, to address: ResolvedAddress) throws(TransportError) -> Outcome {
        let wasOpen = delivery != nil
        let outcome = try attempt(range, of: batch, to: address)
        guard wasOpen, delivery?.isBroken == true, outcome.error?.code == .unreachable, outcome.done.isEmpty else { return outcome }
        delivery = nil
        return try attempt(range, of: batch, to: address)
    }

    /// Sends and waits for the confirmation. What was taken and is not known to be confirmed may arrive, and comes again all the
    /// same: twice is better than never.
    private func attempt(_ range: Range<Int>, of batch: borrowing Batch, to address: ResolvedAddress) throws(TransportError) -> Outcome {
        let delivery = try open(address)
        let first = delivery.handed
        var outcome = Outcome()
        do throws(TransportError) { _ = try delivery.hand(batch, range, stop: stop) } catch { outcome.error = error }
        do throws(TransportError) {
            // A person who wants to leave does not wait for a slow destination.
            let isLeaving = stop.isRaised
            try delivery.finish(until: .after(isLeaving ? .milliseconds(500) : Self.patience), stop: isLeaving ? StopFlag() : stop)
        } catch {
            outcome.error = outcome.error ?? error
        }
        var next = range.lowerBound
        for verdict in delivery.verdicts() {
            guard case .done = verdict.fate else { continue }
            // Those of an earlier call may be among them, confirmed late.
            let done = (verdict.positions.lowerBound - first + range.lowerBound)..<(verdict.positions.upperBound - first + range.lowerBound)
            let confirmed = done.clamped(to: range)
            guard !confirmed.isEmpty else { continue }
            if next < confirmed.lowerBound { outcome.rest.append(next..<confirmed.lowerBound) }
            outcome.done.append(confirmed)
            next = confirmed.upperBound
        }
        if next < range.upperBound { outcome.rest.append(next..<range.upperBound) }
        return outcome
    }

    /// Opens on first use: most runs never need it.
    private func open(_ address: ResolvedAddress) throws(TransportError) -> Delivery {
        if let delivery { return delivery }
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console)
        opening.retry = plan.retry
        opening.deadline = .after(Self.patience)
        let sender = try Endpoints.open(retry: plan.retry, opening: opening, console: console, holdsMessages: true, openSender)
        var limits = Delivery.Limits()
        limits.timeout = Self.patience
        let made = Delivery(sender, of: address.descriptor, limits, notices: opening.notices)
        delivery = made
        return made
    }
}

extension DeadLetters.Plan {
    /// The error of the destination: the sentence begins with the source, and must not be taken for it.
    fileprivate func named(_ error: TransportError) -> TransportError {
        var error = error
        error.message = "dead-letter address \(address?.address.short ?? ""): \(error.message)"
        error.details.append("the message was put back")
        return error
    }
}
