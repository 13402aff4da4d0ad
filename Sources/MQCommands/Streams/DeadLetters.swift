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
    struct Verdict {
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
    private var sender: (any Sender)?
    private var dropped: DroppedProperties?
    /// Messages handed to the sender so far.
    private var sent = 0
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
        dropped = plan.address.map { DroppedProperties(for: $0.descriptor) }
    }

    func isDue(_ batch: borrowing Batch, _ index: Int) -> Bool { batch.properties(of: index).attempts ?? 0 > plan.attempts }

    /// Moves or drops `range`. Says of every message whether it may be acknowledged; the destination has confirmed those.
    func take(_ range: Range<Int>, of batch: borrowing Batch) -> Verdict {
        guard plan.address != nil else {
            for index in range { console.warn("dropped a \(words(batch, index))") }
            count += range.count
            return Verdict(done: [range])
        }
        var error: TransportError?
        var isDone = [Bool](repeating: false, count: range.count)
        do throws(TransportError) {
            error = try move(range, of: batch, &isDone)
        } catch let failure {
            error = failure
        }
        count += isDone.count { $0 }
        var verdict = Verdict()
        for (place, done) in isDone.enumerated() {
            let index = range.lowerBound + place
            if done { Self.append(index, to: &verdict.done) } else { Self.append(index, to: &verdict.rest) }
        }
        verdict.error = error.map { plan.named(console.remedies.withoutFlags.worded($0, at: plan.address?.address.short)) }
        return verdict
    }

    /// For the end of the run: what the destination has to say, and how many there were.
    var closingRemarks: [String] { (sender?.closingRemarks ?? []) + (summary.map { [$0] } ?? []) }

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

    private static func append(_ index: Int, to ranges: inout [Range<Int>]) {
        if let last = ranges.last, last.upperBound == index {
            ranges[ranges.count - 1] = last.lowerBound..<(index + 1)
        } else {
            ranges.append(index..<(index + 1))
        }
    }

    /// Sends, and once more where a connection that lay idle turns out to be closed.
    private func move(_ range: Range<Int>, of batch: borrowing Batch, _ isDone: inout [Bool]) throws(TransportError) -> TransportError? {
        let wasOpen = sender != nil
        do throws(TransportError) {
            return try attempt(range, of: batch, &isDone)
        } catch {
            guard wasOpen, error.code == .unreachable, !isDone.contains(true) else { throw error }
            (sender, sent) = (nil, 0)
            return try attempt(range, of: batch, &isDone)
        }
    }

    /// Sends, waits for the confirmation, and marks what is confirmed. Returns why not everything is.
    private func attempt(_ range: Range<Int>, of batch: borrowing Batch, _ isDone: inout [Bool]) throws(TransportError) -> TransportError? {
        let sender = try open()
        for warning in dropped?.warnings(for: batch, range, number: { $0 + 1 }) ?? [] { console.warn(warning) }
        let refusal = sender.refusal(in: batch, range)
        let sendable = range.lowerBound..<(refusal?.index ?? range.upperBound)
        let before = sent
        // What was taken and is not known to be confirmed may arrive, and comes again all the same: twice is better than never.
        func mark(_ confirmed: Int, _ rejections: [Rejection]) {
            for place in 0..<max(0, min(confirmed, sendable.count)) { isDone[place] = true }
            for rejection in rejections where isDone.indices.contains(rejection.position - before) {
                isDone[rejection.position - before] = false
            }
        }
        do throws(TransportError) {
            let accepted = sendable.isEmpty ? 0 : try sender.send(batch, sendable, until: .after(Self.patience), stop: stop)
            sent += accepted
            if stop.isRaised {
                try sender.flush(until: .after(.milliseconds(500)), stop: StopFlag())
            } else {
                try sender.flush(until: .after(Self.patience), stop: stop)
            }
            let rejections = sender.takeRejections()
            // A flush that a signal ended says nothing; what is confirmed is.
            mark(stop.isRaised ? sender.confirmed - before : accepted, rejections)
            if let first = rejections.first { return first.error }
            if accepted < sendable.count && !stop.isRaised { return sender.obstacle }
            return refusal?.error
        } catch {
            mark(sender.confirmed - before, sender.takeRejections())
            throw error
        }
    }

    /// Opens on first use: most runs never need it.
    private func open() throws(TransportError) -> any Sender {
        if let sender { return sender }
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console)
        opening.retry = plan.retry
        opening.deadline = .after(Self.patience)
        let made = try Endpoints.open(
            retry: plan.retry, opening: opening, console: console, holdsMessages: true, openSender)
        sender = made
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
