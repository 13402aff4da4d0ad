import Glibc
import MQCore
import Synchronization

/// Takes messages from a queue, has a work begin with them, and settles them by its verdicts.
///
/// Counts, deadlines, attempts and the ending are here; what is done with a message is the work's affair. Messages are
/// under way for as long as the work needs, across many calls of `receive`.
final class Intake {
    struct Limits {
        /// End after so many messages.
        var count: Int?
        /// The longest wait for the next message.
        var timeout: Duration?
        /// Take what is there and end.
        var drains = false
        var peeks = false
        var ack = AckTime.after
        /// The most messages to take at a time where the queue forgets them when they are taken.
        var window = Int.max
        /// How long what is under way may take once the program is asked to stop; `nil` is as long as it takes.
        var grace: Duration?
        /// For a work at which messages fail and are tried again; `nil` for one that only takes them.
        var persistence: Persistence?
    }

    /// Why no more messages are taken.
    enum End {
        case complete, ended, timedOut, timeUp
        case stopped(StopReason)
    }

    /// So much is received at once.
    private static let byteLimit = 1 << 18
    /// Messages under way share a batch up to this size.
    private static let parcelLimit = (bytes: 1 << 17, messages: 1 << 12)

    let receiver: any Receiver
    let address: ResolvedAddress
    let limits: Limits
    let work: any Work
    let deadLetters: DeadLetters?
    let console: Console
    let putBack: PutBack?
    let tally: Tally
    let turn: Turn
    let stop: StopFlag

    /// What is received into; and those with messages under way that are full, in order of position.
    var current: Parcel
    var parcels: [Parcel] = []
    private var spares: [Parcel] = []
    /// Messages that are under way, and those that were dealt with.
    var open = 0
    var done = 0
    /// Messages that wait for another attempt, and for their turn within their group.
    var held = HeldMessages()
    var groups = GroupOrder()
    let ordersGroups: Bool
    /// When the last of those is there again that went back to the queue for another attempt.
    var returning: Deadline?
    /// Nothing is tried again any more.
    private(set) var isEnding = false
    private var verdicts: [Verdict] = []
    private var madeLookout: Lookout?
    /// What the work did not begin with when it ended. It goes back last: what came before it may still have to.
    var unbegun: [(parcel: Parcel, indices: Range<Int>, isSettled: Bool)] = []

    init(
        _ receiver: any Receiver, of address: ResolvedAddress, _ limits: Limits, for work: any Work, deadLetters: DeadLetters?,
        putBack: PutBack? = nil, tally: Tally, turn: Turn, stop: StopFlag, console: Console
    ) {
        (self.receiver, self.address, self.limits, self.work, self.deadLetters) = (receiver, address, limits, work, deadLetters)
        (self.putBack, self.tally, self.turn, self.stop, self.console) = (putBack, tally, turn, stop, console)
        ordersGroups = receiver.ordersGroups && work.isParallel
        current = Parcel(gap: work.gap, wantsProperties: work.needsProperties || deadLetters != nil || limits.persistence != nil)
    }

    func run() throws(TransportError) -> Ending {
        var (end, failure) = (End.complete, TransportError?.none)
        do throws(TransportError) { end = try pump() } catch { failure = error }
        let absence = absence(end)
        do throws(TransportError) { try windDown() } catch { failure = failure ?? error }
        // Who asked the program to stop does not wait for a broker's last answer.
        let patience = Duration.seconds(stop.isRaised || failure != nil ? 1 : 10)
        do throws(TransportError) { try receiver.close(until: .after(patience), stop: StopFlag()) } catch { failure = failure ?? error }
        noteLostLeases()
        for remark in receiver.closingRemarks + (deadLetters?.closingRemarks ?? []) { console.warn(remark) }
        if let count = putBack?.count, count > 0 {
            console.note("\(Quantity.count(count, "message")) put back into the queue, behind those that are there")
        }
        if let failure { throw failure }
        console.detail("\(Quantity.count(done, "message")) received\(stop.isRaised ? "" : " from \(address.address.short)")")
        return try ending(end, absence)
    }

    // MARK: - Taking

    private func pump() throws(TransportError) -> End {
        var patience = deadline
        var lull = Lull.none
        // The queue has ended, or is empty and what is under way may come back to it.
        var (hasEnded, isDry, looksAgain) = (false, false, false)
        while true {
            turn.begin()
            if let due = returning, due.hasPassed { (returning, isDry, looksAgain) = (nil, false, true) }
            limits.persistence?.manager?.beat()
            if try collect(lull) { isDry = false }
            try resume()
            let wanted = wanted(hasEnded || isDry)
            if wanted == 0, open > 0, try collect(.awaitsVerdicts) {
                isDry = false
                continue
            }
            if done == limits.count { return .complete }
            if let reason = stop.reason { return .stopped(reason) }
            if let end = limits.persistence?.end, end.hasPassed { return .timeUp }
            if hasEnded && isIdle { return .ended }
            if wanted == 0 {
                receiver.sendSettled()
                _ = Readiness.wait(for: POLLIN, on: work.descriptor, until: wake, stop: turn.flag)
                (patience, lull) = (deadline, .awaitsVerdicts)
                continue
            }
            let outcome = try receive(wanted, until: patience.earlier(wake), &patience)
            lull = outcome == .received ? .none : .queueIsEmpty
            if outcome == .ended {
                guard limits.persistence != nil, limits.drains else {
                    hasEnded = true
                    continue
                }
                // What was seen of the queue may be older than what has come back to it.
                if isIdle && !looksAgain { return .ended }
                (isDry, looksAgain) = (!isIdle, false)
                continue
            }
            guard outcome == .deadlinePassed, patience.hasPassed else { continue }
            if isIdle { return .timedOut }
            if limits.drains { isDry = true } else if limits.persistence != nil { patience = deadline } else { return .timedOut }
        }
    }

    /// Nothing is under way, and nothing waits for another attempt.
    private var isIdle: Bool { open == 0 && held.count == 0 && (returning == nil || !limits.drains) }

    /// When there is something to do though nothing came and no verdict either.
    private var wake: Deadline {
        guard let persistence = limits.persistence else { return work.due }
        let due = work.due.earlier(persistence.end).earlier(returning ?? .never)
        return held.count > 0 && work.room() > 0 ? due.earlier(held.due) : due
    }

    /// How many messages may come now.
    private func wanted(_ hasNone: Bool) -> Int {
        if hasNone { return 0 }
        var wanted = min(work.room(), limits.window)
        if let persistence = limits.persistence {
            if persistence.gate?.isClosed == true { return 0 }
            wanted = min(wanted, max(0, persistence.hold - held.count))
        }
        return limits.count.map { min(wanted, $0 - done - open - held.count) } ?? wanted
    }

    /// Receives, and hands on what came.
    private func receive(_ limit: Int, until deadline: Deadline, _ patience: inout Deadline) throws(TransportError) -> Outcome {
        makeRoom()
        let start = current.batch.count
        var (outcome, failure) = (Outcome.received, TransportError?.none)
        do throws(TransportError) { outcome = try take(limit, until: deadline) } catch { failure = error }
        if current.batch.count > start {
            try hand(start..<current.batch.count)
            patience = self.deadline
        }
        if let failure { throw failure }
        if limits.persistence != nil { noteLostLeases() }
        return outcome
    }

    private func take(_ limit: Int, until deadline: Deadline) throws(TransportError) -> Outcome {
        let lookout = try lookout()
        // The kernel says at once what is there: only a wait is watched.
        if lookout != nil, address.descriptor.capabilities.contains(.kernel) {
            let outcome = try receiver.receive(
                into: &current.batch, limit: limit, byteLimit: Self.byteLimit, until: .immediately, stop: turn.flag)
            if outcome != .deadlinePassed || deadline.hasPassed { return outcome }
        }
        lookout?.begin()
        defer { lookout?.end() }
        return try receiver.receive(into: &current.batch, limit: limit, byteLimit: Self.byteLimit, until: deadline, stop: turn.flag)
    }

    /// What ends the wait for a message when the work has something to say.
    private func lookout() throws(TransportError) -> Lookout? {
        if work.descriptor < 0 { return nil }
        if madeLookout == nil { madeLookout = try Lookout(work.descriptor, turn) }
        return madeLookout
    }

    private func noteLostLeases() { tally.leasesLost.store(receiver.lostLeases, ordering: .relaxed) }

    /// Empties the batch, or goes on in another where it is full of messages under way.
    private func makeRoom() {
        if current.open > 0 {
            current.keepInPlace()
            if current.batch.byteCount < Self.parcelLimit.bytes && current.batch.count < Self.parcelLimit.messages { return }
            parcels.append(current)
            current = spares.popLast() ?? Parcel(gap: work.gap, wantsProperties: current.batch.wantsProperties)
        }
        current.restart(at: receiver.handedOver)
    }

    /// A parcel of which nothing is under way any more.
    func retire(_ place: Int) { spares.append(parcels.remove(at: place)) }

    // MARK: - Verdicts

    /// Acts on what the work has to say; false when that was nothing.
    private func collect(_ lull: Lull) throws(TransportError) -> Bool {
        var failure: TransportError?
        do throws(TransportError) { try work.collect(&verdicts, lull) } catch { failure = error }
        let isNews = !verdicts.isEmpty
        for verdict in verdicts {
            do throws(TransportError) { try act(on: verdict) } catch { failure = failure ?? error }
        }
        verdicts.removeAll(keepingCapacity: true)
        if let failure { throw failure }
        return isNews
    }

    /// Has the work complete what is under way; what it cannot goes back.
    private func windDown() throws(TransportError) {
        isEnding = true
        limits.persistence?.manager?.stopping()
        var failure: TransportError?
        do throws(TransportError) {
            try giveBackWaiting()
            try work.finish(stop: stop)
            var end = Deadline.never
            while open > 0 && !end.hasPassed {
                turn.begin()
                limits.persistence?.manager?.beat()
                if end.isNever && (stop.isRaised || limits.persistence != nil) { end = .after(limits.grace) }
                if limits.persistence?.hurry.isRaised == true { break }
                if try collect(.awaitsVerdicts) || open == 0 { continue }
                receiver.sendSettled()
                _ = Readiness.wait(for: POLLIN, on: work.descriptor, until: work.due.earlier(end), stop: turn.flag)
            }
        } catch {
            failure = error
        }
        if open > 0 {
            do throws(TransportError) { _ = try collect(.awaitsVerdicts) } catch {}
            work.abandon()
            do throws(TransportError) { try giveBackOpen() } catch { failure = failure ?? error }
        }
        do throws(TransportError) { try giveBackUnbegun() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    // MARK: - Patience

    private var deadline: Deadline {
        .after(Self.patience(limits.timeout, address) ?? (limits.drains ? address.descriptor.emptyWait : limits.persistence?.idle))
    }

    /// How many messages may be taken at once and lost with a program that is killed, where the queue forgets what it gave. What comes over
    /// a connection has left its sender already, and would be lost just so.
    static func window(_ prefetch: Int?, _ address: ResolvedAddress, peeks: Bool) -> Int {
        let capabilities = address.descriptor.capabilities
        if peeks || capabilities.contains(.acknowledge) { return .max }
        return prefetch.map { max(1, $0) } ?? (capabilities.contains(.kernel) ? standardWindow : .max)
    }

    static let standardWindow = 256

    /// `--drain` believes an empty queue after the time that the transport needs to show what it has. So does `--timeout 0`,
    /// which takes what is there: a broker does not say in no time what it has.
    static func patience(_ timeout: Duration?, _ address: ResolvedAddress) -> Duration? {
        timeout == .zero ? address.descriptor.emptyWait : timeout
    }
}
