import MQCore
import Synchronization

/// What becomes of messages that were delivered too often: another queue takes them, or they are dropped with a word.
final class DeadLetters {
    struct Plan {
        /// `--max-attempts`: the last attempt at which a message is still handed over; `nil` for messages that are refused only.
        var attempts: Int?
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
    /// How often somebody may look after other things meanwhile.
    private static let slice = Duration.milliseconds(20)

    private let plan: Plan
    private let console: Console
    private let stop: StopFlag
    private let transport: (any Transport)?
    private var delivery: Delivery?
    /// Messages that were moved or dropped.
    private(set) var count = 0

    /// - Parameter transport: what the address leads to.
    init(_ plan: Plan, transport: (any Transport)?, console: Console, stop: StopFlag) {
        self.plan = plan
        self.console = console
        self.stop = stop
        self.transport = transport
    }

    /// Whether messages go elsewhere; otherwise they are dropped.
    var moves: Bool { plan.address != nil }

    func isDue(_ batch: borrowing Batch, _ index: Int) -> Bool {
        guard let most = plan.attempts else { return false }
        return batch.properties(of: index).attempts ?? 0 > most
    }

    /// Why a message is due that nobody tried this time.
    var reasonOfThoseDue: Reason { Reason("delivered more than \(Quantity.count(plan.attempts ?? 0, "time"))") }

    /// Whether a message that failed so often is not tried again.
    func isUsedUp(_ attempts: Int) -> Bool { plan.attempts.map { attempts >= $0 } ?? false }

    /// Moves or drops `range`. Says of every message whether it may be acknowledged; the destination has confirmed those.
    /// - Parameters:
    ///   - reason: what the messages carry with them into the other queue.
    ///   - meanwhile: called again and again while the other queue is waited for.
    func take(
        _ range: Range<Int>, of batch: inout Batch, because reason: Reason? = nil, from source: String, meanwhile: () -> Void = {}
    ) -> Outcome {
        guard let address = plan.address else {
            for index in range {
                console.warn("dropped \(Self.name(batch, index))" + (reason.map { ": \($0.words)" } ?? ""))
            }
            count += range.count
            return Outcome(done: [range])
        }
        var outcome = Outcome()
        do throws(TransportError) {
            outcome = try move(range, of: &batch, to: address, reason.map { Self.labels($0, source) } ?? { _ in [] }, meanwhile)
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
        let what = Quantity.count(count, "message") + (plan.attempts.map { " over \(Quantity.count($0, "attempt"))" } ?? "")
        return what + (plan.address.map { " moved to \($0.address.short)" } ?? " dropped")
    }

    /// A message, for a sentence: `message 0a1b of 12 bytes at attempt 6`.
    static func name(_ batch: borrowing Batch, _ index: Int) -> String {
        let properties = batch.properties(of: index)
        let name = properties.id.map { " \($0)" } ?? ""
        return "message\(name) of \(Quantity.count(batch.size(of: index), "byte")) at attempt \(properties.attempts ?? 1)"
    }

    /// Why the message is a dead letter, for those who look at it.
    private static func labels(_ reason: Reason, _ source: String) -> (MessageProperties) -> [Attribute] {
        var labels = [
            Attribute(name: "mq-reason", value: Array(reason.words.utf8)), Attribute(name: "mq-source", value: Array(source.utf8)),
        ]
        if let status = reason.status { labels.append(Attribute(name: "mq-status", value: Array(status.utf8))) }
        if !reason.detail.isEmpty {
            labels.append(Attribute(name: "mq-detail", type: isText(reason.detail) ? "String" : "Binary", value: reason.detail))
        }
        return { properties in
            labels + [Attribute(name: "mq-attempts", type: "Number", value: Array("\(properties.attempts ?? 1)".utf8))]
        }
    }

    /// Whether any broker takes it as text.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil && !bytes.contains { $0 < 32 && ![9, 10, 13].contains($0) }
    }

    /// Sends, and once more where a connection that lay idle turns out to be closed.
    private func move(
        _ range: Range<Int>, of batch: inout Batch, to address: ResolvedAddress, _ labels: (MessageProperties) -> [Attribute],
        _ meanwhile: () -> Void
    ) throws(TransportError) -> Outcome {
        let wasOpen = delivery != nil
        let outcome = try attempt(range, of: &batch, to: address, labels, meanwhile)
        guard wasOpen, delivery?.isBroken == true, outcome.error?.code == .unreachable, outcome.done.isEmpty else { return outcome }
        delivery = nil
        return try attempt(range, of: &batch, to: address, labels, meanwhile)
    }

    /// Sends and waits for the confirmation. What was taken and is not known to be confirmed may arrive, and comes again all the
    /// same: twice is better than never.
    private func attempt(
        _ range: Range<Int>, of batch: inout Batch, to address: ResolvedAddress, _ labels: (MessageProperties) -> [Attribute],
        _ meanwhile: () -> Void
    ) throws(TransportError) -> Outcome {
        let delivery = try open(address, meanwhile)
        let (first, end) = (delivery.handed, Deadline.after(Self.patience))
        var outcome = Outcome()
        do throws(TransportError) {
            try hand(&batch, range, labels, to: delivery, meanwhile)
            while delivery.inDoubt > 0, !stop.isRaised, !end.hasPassed {
                let (before, slice) = (delivery.inDoubt, Deadline.after(Self.slice))
                try delivery.progress(until: slice, stop: stop)
                meanwhile()
                // A sender that does not wait here tells at the end.
                if delivery.inDoubt == before && !slice.hasPassed { break }
            }
        } catch {
            outcome.error = error
        }
        do throws(TransportError) {
            // A person who wants to leave does not wait for a slow destination.
            let isLeaving = stop.isRaised
            try delivery.finish(until: .after(isLeaving ? .milliseconds(500) : Self.patience), stop: isLeaving ? StopFlag() : stop)
        } catch {
            outcome.error = outcome.error ?? error
        }
        var next = range.lowerBound
        for verdict in delivery.verdicts() {
            // What was refused while this waited is the reason, too.
            if case .refused(let error) = verdict.fate { outcome.error = outcome.error ?? error }
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

    /// Hands the messages over, however long the other queue has no room for them.
    private func hand(
        _ batch: inout Batch, _ range: Range<Int>, _ labels: (MessageProperties) -> [Attribute], to delivery: Delivery,
        _ meanwhile: () -> Void
    ) throws(TransportError) {
        let result = withoutActuallyEscaping(meanwhile) { meanwhile in
            delivery.betweenSlices = meanwhile
            defer { delivery.betweenSlices = nil }
            return Result { () throws(TransportError) in _ = try delivery.hand(&batch, range, adding: labels, stop: stop) }
        }
        try result.get()
    }

    /// Opens on first use: most runs never need it. Another thread connects, which may take its time.
    private func open(_ address: ResolvedAddress, _ meanwhile: () -> Void) throws(TransportError) -> Delivery {
        if let delivery { return delivery }
        guard let transport else { preconditionFailure("only for messages that go elsewhere") }
        let (done, found) = (StopFlag(), Found())
        try BackgroundThread.start("mq-dead-letters", blockingSignals: true) { [console, stop, retry = plan.retry] in
            let result = Self.connect(transport, retry: retry, console: console, stop: stop)
            found.result.withLock { $0 = result }
            done.raise()
        }
        while !done.isRaised {
            meanwhile()
            _ = Readiness.wait(for: 0, on: -1, until: .after(Self.slice), stop: done)
        }
        var limits = Delivery.Limits()
        (limits.timeout, limits.slice) = (Self.patience, Self.slice)
        let sender = try found.result.withLock { $0! }.get().take()!
        let made = Delivery(sender, of: address.descriptor, limits, notices: Endpoints.notices(console: console))
        delivery = made
        return made
    }

    /// What another thread has connected.
    private final class Found: Sendable {
        let result = Mutex<Result<Handover<any Sender>, TransportError>?>(nil)
    }

    private static func connect(
        _ transport: any Transport, retry: Duration?, console: Console, stop: StopFlag
    ) -> Result<Handover<any Sender>, TransportError> {
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console)
        opening.retry = retry
        opening.deadline = .after(patience)
        return Result { () throws(TransportError) in
            try Endpoints.open(retry: retry, opening: opening, console: console, holdsMessages: true) {
                opening throws(TransportError) in Handover(try transport.openSender(opening))
            }
        }
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
