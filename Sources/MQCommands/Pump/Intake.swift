import Glibc
import MQCore

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
    }

    /// Why no more messages are taken.
    private enum End {
        case complete, ended, timedOut
        case stopped(StopReason)
    }

    /// So much is received at once.
    private static let byteLimit = 1 << 17
    /// Messages under way share a batch up to this size.
    private static let parcelLimit = (bytes: 1 << 17, messages: 1 << 12)

    let receiver: any Receiver
    let address: ResolvedAddress
    let limits: Limits
    let work: any Work
    let deadLetters: DeadLetters?
    let console: Console
    let counters: Counters
    let turn: Turn
    let stop: StopFlag

    /// What is received into; and those with messages under way that are full, in order of position.
    var current: Parcel
    var parcels: [Parcel] = []
    private var spares: [Parcel] = []
    /// Messages that are under way, and those that were dealt with.
    var open = 0
    var done = 0
    private var verdicts: [Verdict] = []
    private var madeLookout: Lookout?
    /// What the work did not begin with when it ended. It goes back last: what came before it may still have to.
    var unbegun: [(parcel: Parcel, indices: Range<Int>, isSettled: Bool)] = []

    init(
        _ receiver: any Receiver, of address: ResolvedAddress, _ limits: Limits, for work: any Work, deadLetters: DeadLetters?,
        counters: Counters, turn: Turn, stop: StopFlag, console: Console
    ) {
        (self.receiver, self.address, self.limits, self.work, self.deadLetters) = (receiver, address, limits, work, deadLetters)
        (self.counters, self.turn, self.stop, self.console) = (counters, turn, stop, console)
        current = Parcel(gap: work.gap, wantsProperties: work.needsProperties || deadLetters != nil)
    }

    func run() throws(TransportError) -> Ending {
        var (end, failure) = (End.complete, TransportError?.none)
        do throws(TransportError) { end = try pump() } catch { failure = error }
        do throws(TransportError) { try windDown() } catch { failure = failure ?? error }
        // Who asked the program to stop does not wait for a broker's last answer.
        let patience = Duration.seconds(stop.isRaised || failure != nil ? 1 : 10)
        do throws(TransportError) { try receiver.close(until: .after(patience), stop: StopFlag()) } catch { failure = failure ?? error }
        for remark in receiver.closingRemarks + (deadLetters?.closingRemarks ?? []) { console.warn(remark) }
        if let failure { throw failure }
        console.detail("\(Quantity.count(done, "message")) received\(stop.isRaised ? "" : " from \(address.address.short)")")
        return ending(end)
    }

    // MARK: - Taking

    private func pump() throws(TransportError) -> End {
        var patience = deadline
        var lull = Lull.none
        // The queue has ended, or is empty and what is under way may come back to it.
        var (hasEnded, isDry) = (false, false)
        while true {
            turn.begin()
            if try collect(lull) { isDry = false }
            let wanted = wanted(hasEnded || isDry)
            if wanted == 0, open > 0, try collect(.awaitsVerdicts) {
                isDry = false
                continue
            }
            if done == limits.count { return .complete }
            if let reason = stop.reason { return .stopped(reason) }
            if hasEnded && open == 0 { return .ended }
            if wanted == 0 {
                _ = Readiness.wait(for: POLLIN, on: work.descriptor, until: work.due, stop: turn.flag)
                (patience, lull) = (deadline, .awaitsVerdicts)
                continue
            }
            let outcome = try receive(wanted, until: patience.earlier(work.due), &patience)
            lull = outcome == .received ? .none : .queueIsEmpty
            if outcome == .ended { hasEnded = true }
            guard outcome == .deadlinePassed, patience.hasPassed else { continue }
            if limits.drains && open > 0 { isDry = true } else { return .timedOut }
        }
    }

    /// How many messages may come now.
    private func wanted(_ hasNone: Bool) -> Int {
        if hasNone { return 0 }
        let wanted = min(work.room(), limits.window)
        return limits.count.map { min(wanted, $0 - done - open) } ?? wanted
    }

    /// Receives, and hands on what came.
    private func receive(_ limit: Int, until deadline: Deadline, _ patience: inout Deadline) throws(TransportError) -> Outcome {
        makeRoom()
        let start = current.batch.count
        var (outcome, failure) = (Outcome.received, TransportError?.none)
        let lookout = try lookout()
        lookout?.begin()
        do throws(TransportError) {
            outcome = try receiver.receive(
                into: &current.batch, limit: limit, byteLimit: Self.byteLimit, until: deadline, stop: turn.flag)
        } catch {
            failure = error
        }
        lookout?.end()
        if current.batch.count > start {
            try hand(start..<current.batch.count)
            patience = self.deadline
        }
        if let failure { throw failure }
        return outcome
    }

    /// What ends the wait for a message when the work has something to say.
    private func lookout() throws(TransportError) -> Lookout? {
        if work.descriptor < 0 { return nil }
        if madeLookout == nil { madeLookout = try Lookout(work.descriptor, turn) }
        return madeLookout
    }

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
        var failure: TransportError?
        do throws(TransportError) {
            try work.finish(stop: stop)
            var end = Deadline.never
            while open > 0 && !end.hasPassed {
                turn.begin()
                if stop.isRaised && end.isNever { end = .after(limits.grace) }
                if try collect(.awaitsVerdicts) || open == 0 { continue }
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

    // MARK: - Ending

    private var deadline: Deadline {
        .after(Self.patience(limits.timeout, address) ?? (limits.drains ? address.descriptor.emptyWait : nil))
    }

    /// `--drain` believes an empty queue after the time that the transport needs to show what it has. So does `--timeout 0`,
    /// which takes what is there: a broker does not say in no time what it has.
    /// How many messages may be taken at once and lost with a program that is killed, where the queue forgets what it gave.
    static func window(_ prefetch: Int?, _ address: ResolvedAddress, peeks: Bool) -> Int {
        peeks || address.descriptor.capabilities.contains(.acknowledge) ? .max : max(1, prefetch ?? standardWindow)
    }

    static let standardWindow = 256

    static func patience(_ timeout: Duration?, _ address: ResolvedAddress) -> Duration? {
        timeout == .zero ? address.descriptor.emptyWait : timeout
    }

    private func ending(_ end: End) -> Ending {
        switch end {
        case .complete: .success
        case .stopped(let reason): reason.signal.map { .signal($0) } ?? .success
        case .ended where limits.timeout != .zero || limits.drains: ended
        case .ended, .timedOut: timedOut
        }
    }

    private var ended: Ending {
        if let count = limits.count, done < count {
            return .negative("\(Quantity.grouped(done)) of \(Quantity.count(count, "message")) received")
        }
        return done > 0 || !limits.drains ? .success : .negative("no message")
    }

    private var timedOut: Ending {
        if let count = limits.count {
            return .negative(
                "\(Quantity.grouped(done)) of \(Quantity.count(count, "message")) received"
                    + (limits.drains ? "" : "; waited \(Quantity.words(limits.timeout!))"))
        }
        if limits.drains { return done > 0 ? .success : .negative("no message") }
        return .negative("no \(done == 0 ? "" : "further ")message within \(Quantity.words(limits.timeout!))")
    }
}
