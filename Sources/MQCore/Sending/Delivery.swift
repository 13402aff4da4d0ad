import Synchronization

/// The one way from messages to a sender: refuses what cannot be sent, keeps the pace, sends, and keeps account of what is
/// confirmed, refused and in doubt. Behind standard input, dead letters and whatever else sends.
///
/// A message is known by its position, counted from 0 in the order of handing over, refused ones included.
public final class Delivery {
    /// How long the queue has taken nothing when that is said.
    private static let patience = Duration.seconds(1)

    let sender: any Sender
    let descriptor: Descriptor
    private var limits: Limits
    private let counters: Counters?
    private let notices: Notices
    private var dropped: DroppedProperties
    private var account = DeliveryAccount()
    private var hasSaidWaiting = false
    /// Called once before the first wait; until then, nothing is waited for.
    public var beforeWaiting: (() -> Void)?
    /// Called after each slice (`Limits.slice`) in which the sender did not take everything, for an owner with other things to look after.
    public var betweenSlices: (() -> Void)?
    /// The sender has thrown: nothing more can be sent, nor waited for.
    public private(set) var isBroken = false
    /// Messages left out, empty ones included.
    public private(set) var skipped = 0

    /// - Parameters:
    ///   - descriptor: of the sender's transport.
    ///   - counters: told of what is sent, once a batch.
    public init(
        _ sender: any Sender, of descriptor: Descriptor, _ limits: Limits = Limits(), counters: Counters? = nil, notices: Notices = .none
    ) {
        (self.sender, self.descriptor, self.limits, self.counters, self.notices) = (sender, descriptor, limits, counters, notices)
        dropped = DroppedProperties(for: descriptor)
    }

    // MARK: - How far it came

    /// Messages handed over so far: the position of the next.
    public var handed: Int { account.handed }
    /// The lowest position that is neither confirmed nor left out; `handed` when there is none.
    public var firstOpen: Int { account.firstOpen }
    /// The lowest message that was refused and may not be left out.
    public var firstRefused: (position: Int, error: TransportError)? { account.firstFailed.map { ($0.position, $0.error) } }
    /// Messages confirmed, wherever they stand.
    public var acknowledged: Int { account.acknowledged + sender.confirmedBehind }
    /// Messages taken by the sender that are neither confirmed nor refused: they may have arrived.
    public var inDoubt: Int { max(account.unanswered - sender.confirmedBehind, sender.inDoubt) }
    /// The most messages that arrive twice when all from `firstOpen` on are sent again.
    public var repeatedByResuming: Int { account.acknowledgedBehind + sender.confirmedBehind + inDoubt }
    /// What the sender has to say when all is done.
    public var closingRemarks: [String] { sender.closingRemarks }
    /// Why less than everything was taken last.
    public var obstacle: TransportError { sender.obstacle }
    /// How many messages one request takes, where requests are what sending costs.
    public var requestSize: Int { sender.requestSize }

    /// What is confirmed, left out or refused since the last call; every position gets one verdict.
    public func verdicts() -> [Verdict] {
        look()
        return account.verdicts()
    }

    // MARK: - Handing over

    /// Sends what can be sent of `range`, in order, and leaves out what may be.
    /// - Parameter oversize: the stand-in in the batch for a record that was too long to be kept.
    /// - Returns: how many were dealt with from the front of `range`; fewer than all only when stopped.
    /// - Throws: the error of a message that is refused and may not be left out, `Sender.obstacle` after the timeout, or what ended the
    ///   sender. `firstOpen` and `verdicts` tell how far it came.
    public func hand(
        _ batch: borrowing Batch, _ range: Range<Int>, oversize: RecordParser.Oversize? = nil, stop: StopFlag
    ) throws(TransportError) -> Int {
        try hand(batch, range, oversize: oversize, .bounded(by: nil), stop: stop)
    }

    /// As `hand`, but what the sender has not taken by the deadline is left to the next call.
    public func offer(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        try hand(batch, range, oversize: nil, .offering(until: deadline), stop: stop)
    }

    private func hand(
        _ batch: borrowing Batch, _ range: Range<Int>, oversize: RecordParser.Oversize?, _ patience: Patience, stop: StopFlag
    ) throws(TransportError) -> Int {
        if limits.namesDropped { nameDropped(batch, range) }
        var next = range.lowerBound
        while next < range.upperBound {
            let found = obstacle(in: batch, next..<range.upperBound, oversize)
            let end = found?.index ?? range.upperBound
            next += try pass(batch, next..<end, patience, stop: stop)
            guard next == end, let found else { break }
            if let error = found.error { try refuse(error) } else { account.passOver() }
            skipped += 1
            next += 1
        }
        return next - range.lowerBound
    }

    private func nameDropped(_ batch: borrowing Batch, _ range: Range<Int>) {
        for warning in dropped.warnings(for: batch, range, name: { self.name(self.handed + $0 - range.lowerBound) ?? "a message" }) {
            notices.warn(warning)
        }
    }

    /// Sends messages that are known to be sendable.
    /// - Parameter deadline: bounds the call; `nil` leaves it to the timeout, which bounds each wait.
    /// - Returns: how many were taken; fewer than all only when stopped.
    /// - Throws: as `hand`.
    public func pass(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline? = nil, stop: StopFlag
    ) throws(TransportError) -> Int {
        try pass(batch, range, .bounded(by: deadline), stop: stop)
    }

    private func pass(
        _ batch: borrowing Batch, _ range: Range<Int>, _ patience: Patience, stop: StopFlag
    ) throws(TransportError) -> Int {
        var next = range.lowerBound
        while next < range.upperBound {
            var end = range.upperBound
            if let pace = limits.pace {
                let due = pace.due()
                if due == 0 {
                    if case .stopped = Readiness.sleep(until: pace.nextDue, stop: stop) { break }
                    continue
                }
                end = min(end, next + due)
            }
            next += try send(batch, next..<end, patience, stop: stop)
            if next < end { break }
        }
        return next - range.lowerBound
    }

    /// Waits until more is known of what was handed over, the deadline passes or the flag is raised: at once when everything is known.
    /// - Throws: what ended the sender.
    public func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        do throws(TransportError) { try sender.progress(until: deadline, stop: stop) } catch {
            isBroken = true
            look()
            throw error
        }
        look()
    }

    /// One call of the sender with messages that are known to be sendable, without regard to pace and timeout.
    /// - Returns: how many were taken; fewer than all when the deadline has passed, or when stopped.
    /// - Throws: as `hand`, but never for a wait in vain: `waitedInVain` is that error.
    public func attempt(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        let count: Int
        do throws(TransportError) {
            count = try sender.send(batch, range, until: deadline, stop: stop)
        } catch {
            isBroken = true
            // What the sender took of this call it counts as confirmed, or it is in doubt.
            let known = min(range.count, max(0, sender.confirmed - account.taken))
            took(batch, range.lowerBound..<range.lowerBound + known)
            throw error
        }
        let failedBefore = account.firstFailed?.position
        took(batch, range.lowerBound..<range.lowerBound + count)
        try throwRefusal(failedBefore)
        return count
    }

    /// Waits until everything that was handed over has gone, and is confirmed where the transport can tell.
    /// - Throws: `tryAgain` when the deadline passes first, what ended the sender, or the error of a message that was refused meanwhile.
    public func finish(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isBroken else { return look() }
        let failedBefore = account.firstFailed?.position
        do throws(TransportError) {
            try sender.flush(until: deadline, stop: stop)
        } catch {
            isBroken = true
            look()
            // What was refused is the reason, where both came.
            try throwRefusal(failedBefore)
            throw error
        }
        look()
        try throwRefusal(failedBefore)
    }

    // MARK: - Refusing

    /// The first message that is not to be sent; without an error it is left out because that was asked for.
    private func obstacle(
        in batch: borrowing Batch, _ range: Range<Int>, _ oversize: RecordParser.Oversize?
    ) -> (index: Int, error: TransportError?)? {
        var end = range.upperBound
        var found: (index: Int, error: TransportError?)?
        if let oversize, range.contains(oversize.index) {
            end = oversize.index
            found = (end, .tooLarge(oversize.size, limit: sender.maximumMessageSize ?? 0))
        }
        if limits.skipsEmpty, let empty = (range.lowerBound..<end).first(where: { batch.size(of: $0) == 0 }) {
            (end, found) = (empty, (empty, nil))
        }
        if let refusal = sender.refusal(in: batch, range.lowerBound..<end) { return (refusal.index, refusal.error) }
        return found
    }

    private func refuse(_ error: TransportError) throws(TransportError) {
        let before = account.firstFailed?.position
        account.refuse(error, isForgiven: limits.skipsRefused)
        try throwRefusal(before)
    }

    /// - Parameter before: the lowest failed position that was thrown already.
    private func throwRefusal(_ before: Int?) throws(TransportError) {
        guard let failed = account.firstFailed, failed.position != before else { return }
        throw named(failed.error, failed.position)
    }

    /// The error with the name of the message that it is about.
    public func named(_ error: TransportError, _ position: Int) -> TransportError {
        guard let name = name(position) else { return error }
        var error = error
        error.message = "\(name): \(error.message)"
        return error
    }

    private func name(_ position: Int) -> String? { limits.name.map { $0(position) } }

    // MARK: - Sending

    /// Sends all of `range` unless stopped. What does not go at once waits.
    private func send(
        _ batch: borrowing Batch, _ range: Range<Int>, _ bounds: Patience, stop: StopFlag
    ) throws(TransportError) -> Int {
        var next = range.lowerBound
        if let prepare = beforeWaiting {
            next += try attempt(batch, range, until: .immediately, stop: stop)
            if next == range.upperBound { return range.count }
            beforeWaiting = nil
            prepare()
        }
        var deadline = bounds.deadline ?? .after(limits.timeout)
        var patience: Deadline?
        while true {
            let until = limits.slice.map { Deadline.after($0).earlier(deadline) } ?? deadline
            let count = try attempt(batch, next..<range.upperBound, until: until, stop: stop)
            next += count
            if next == range.upperBound || stop.isRaised {
                // Who waits in slices, or only offers, waits for answers by `progress`.
                if limits.slice == nil, !bounds.isOffer, !stop.isRaised, let error = sender.overdue {
                    isBroken = true
                    throw error
                }
                return next - range.lowerBound
            }
            // Somebody receives: this is another wait.
            if count > 0 && bounds.deadline == nil && limits.slice != nil { deadline = .after(limits.timeout) }
            if deadline.hasPassed {
                if bounds.isOffer { return next - range.lowerBound }
                throw waitedInVain
            }
            betweenSlices?()
            if count == 0, let patience, patience.hasPassed { sayWaiting() }
            if count > 0 || patience == nil { patience = .after(Self.patience) }
        }
    }

    /// Why nothing goes on, once a deadline has passed.
    public var waitedInVain: TransportError {
        var error = sender.obstacle
        if let timeout = limits.timeout, timeout > .zero { error.message += "; waited \(Quantity.words(timeout))" }
        if error.hint == nil && error.remedy == nil { error.remedy = .wait }
        return error
    }

    private func sayWaiting() {
        guard !hasSaidWaiting else { return }
        hasSaidWaiting = true
        let obstacle = sender.obstacle
        notices.warn("waiting: \(obstacle.message)\(obstacle.code == .tryAgain ? "; nothing receives" : "")")
    }

    private func took(_ batch: borrowing Batch, _ range: Range<Int>) {
        account.take(range.count)
        limits.pace?.count(range.count)
        counters?.add(messages: range.count, bytes: batch.payloadBytes(range))
        look()
    }

    /// Asks the sender what is known by now.
    private func look() {
        for rejection in sender.takeRejections() {
            account.reject(number: rejection.position, rejection.error, isForgiven: limits.skipsRefused)
            if limits.skipsRefused { skipped += 1 }
        }
        account.confirm(upTo: limits.trustsTaken ? account.taken : sender.confirmed)
        counters?.confirmed.store(account.confirmed, ordering: .relaxed)
    }
}
