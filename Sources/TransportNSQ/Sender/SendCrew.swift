internal import Glibc
internal import MQCore

/// The connections of a sender, and the parcels under way.
struct SendCrew: Crew {
    var links: [SendLink] = []
    var watch: Watch
    /// How many connections there must be; every one of them gets everything where `copies`.
    let needed: Int
    let copies: Bool
    /// Whether what breaks is restored.
    let retries: Bool
    /// Everything not confirmed to its end, in the order of sending.
    private var parcels: [Parcel] = []
    private var spare: [Parcel] = []
    /// To be sent again: the connection to that peer broke.
    private var homeless: [(parcel: Parcel, peer: Peer)] = []
    private var turn = 0
    private var confirmedBefore = 0
    private var accepted = 0
    private(set) var resent = 0
    /// Messages that nsqd does not take.
    private var rejections: [Rejection] = []
    /// The largest message that nsqd has taken, while nobody knows how large they may be.
    private var proven = NSQSender.Limits.harmless
    private var isLimitKnown = false
    /// What ends the sender.
    private(set) var fatal: TransportError?

    init(needed: Int, copies: Bool, opening: Opening) {
        (self.needed, self.copies, retries, watch) = (needed, copies, opening.retry != nil, Watch(opening.clocks))
    }

    /// Messages confirmed without a hole.
    var confirmed: Int { confirmedBefore + (parcels.first?.confirmed ?? 0) }
    private var hasOutput: Bool { !homeless.isEmpty || links.contains { $0.connection.hasOutput } }
    var unconfirmed: Int { parcels.reduce(0) { $0 + $1.count } - (parcels.first?.confirmed ?? 0) }

    mutating func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        return rejections
    }

    mutating func join(_ link: SendLink) { links.append(link) }

    mutating func tend(_ link: SendLink, at now: UInt64, ownerIsAway: Bool) throws(TransportError) -> UInt64 {
        try keepAlive(link, at: now, ownerIsAway: ownerIsAway)
    }

    // MARK: - Sending

    /// Sends what there is room for, until all of `range` is with the kernel, the deadline passes or the flag is raised.
    /// - Parameter limit: what nsqd takes, where it is known; asked once there is a message for which it matters.
    /// - Returns: how many messages were taken.
    mutating func send(
        _ batch: borrowing Batch, _ range: Range<Int>, _ packing: Packing, limit: () -> Int?, _ fleet: Fleet<SendCrew>,
        until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        var next = range.lowerBound
        while true {
            try work(fleet)
            while next < range.upperBound {
                if !isLimitKnown && batch.size(of: next) > proven && limit() != nil { isLimitKnown = true }
                let largest = isLimitKnown ? Int.max : proven
                guard let takers = takers(isProbe: batch.size(of: next) > largest) else { break }
                let parcel = spare.popLast() ?? Parcel()
                next += packing.fill(parcel, from: batch, next..<range.upperBound, largest: largest)
                parcel.first = accepted
                accepted += parcel.count
                parcels.append(parcel)
                parcel.awaited = takers.count
                for link in takers { Self.send(parcel, on: link) }
            }
            // All of it is with the kernel before the owner goes back to its input.
            if next == range.upperBound && !hasOutput { break }
            guard case .ready = wait(fleet, until: deadline, stop: stop) else { break }
        }
        return next - range.lowerBound
    }

    /// Waits until everything is answered.
    mutating func flush(_ fleet: Fleet<SendCrew>, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        while true {
            try work(fleet)
            if parcels.isEmpty { return }
            switch wait(fleet, until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: throw unconfirmed("interrupted", fleet)
            case .deadlinePassed: throw unconfirmed("no answer in time", fleet)
            }
        }
    }

    /// Waits until more is answered, or everything is.
    mutating func progress(_ fleet: Fleet<SendCrew>, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        let before = confirmed
        while true {
            try work(fleet)
            if parcels.isEmpty || confirmed > before || !rejections.isEmpty { return }
            guard case .ready = wait(fleet, until: deadline, stop: stop) else { return }
        }
    }

    private func unconfirmed(_ why: String, _ fleet: Fleet<SendCrew>) -> TransportError {
        let cause = links.isEmpty ? fleet.trouble.map { " (\($0.message))" } ?? "" : ""
        return TransportError(
            .tryAgain, "\(why)\(cause): \(Quantity.grouped(unconfirmed)) messages are not confirmed by nsqd",
            remedy: .wait)
    }

    private mutating func wait(_ fleet: Fleet<SendCrew>, until deadline: Deadline, stop: StopFlag) -> Readiness {
        wait(fleet, until: deadline, stop: stop) { link in
            (link.outstanding.isEmpty ? 0 : Int32(POLLIN)) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
        }
    }

    /// Those to send the next parcel to; `nil` while there is no room.
    private mutating func takers(isProbe: Bool) -> [SendLink]? {
        guard homeless.isEmpty, !links.isEmpty else { return nil }
        if copies {
            guard links.count == needed, links.allSatisfy({ $0.hasRoom(isProbe: isProbe) }) else { return nil }
            return links
        }
        for offset in 0..<links.count {
            let link = links[(turn + offset) % links.count]
            guard link.hasRoom(isProbe: isProbe) else { continue }
            turn = (turn + offset + 1) % links.count
            return [link]
        }
        return nil
    }

    private static func send(_ parcel: Parcel, on link: SendLink) {
        link.outstanding.append(parcel)
        link.attempt { (link) throws(TransportError) in
            try link.connection.send(parcel.answered == 0 ? parcel.bytes : parcel.unanswered)
        }
    }

    // MARK: - Answers

    /// Reads answers, goes on writing, and sorts out what broke.
    /// - Throws: what ends the sender.
    private mutating func work(_ fleet: Fleet<SendCrew>) throws(TransportError) {
        takeIn(fleet)
        tendWhenDue()
        if let fatal { throw fatal }
        for link in links {
            // What nsqd said before it closed the connection counts all the same, whoever noticed that it did.
            if link.failure == nil { progress(link, fleet) } else { hearLastWords(link, fleet) }
            if let error = link.failure { try give(up: link, error, fleet) }
        }
        if !homeless.isEmpty { sendAgain() }
        if links.count < needed {
            do throws(TransportError) { try fleet.requireHope() } catch {
                fatal = unanswered(error)
                throw unanswered(error)
            }
        }
    }

    /// What was sent and not answered may be there, and go a second time when the person resumes.
    private func unanswered(_ error: TransportError) -> TransportError {
        let count = unconfirmed
        guard count > 0 else { return error }
        var error = error
        error.details.append(
            "\(Quantity.count(count, "message")) \(count == 1 ? "was" : "were") sent and not answered: "
                + "nsqd may have \(count == 1 ? "it" : "them"), and \(count == 1 ? "it arrives" : "they arrive") twice when sent again")
        return error
    }

    /// Any nsqd will do, but a copy belongs to the one that lacks it.
    private mutating func sendAgain() {
        let (links, copies) = (links, copies)
        homeless.removeAll { parcel, peer in
            guard let link = links.first(where: { $0.hasRoom(isProbe: parcel.isProbe) && (!copies || $0.connection.peer == peer) }) else {
                return false
            }
            Self.send(parcel, on: link)
            return true
        }
    }

    private mutating func progress(_ link: SendLink, _ fleet: Fleet<SendCrew>) {
        do throws(TransportError) {
            try link.connection.flush()
            try hear(link, fleet)
            if try link.connection.receive() { try hear(link, fleet) }
        } catch {
            link.failure = error
            // nsqd's last words explain more than a broken pipe does.
            do throws(TransportError) {
                while try link.connection.receive() {}
            } catch {}
            hearLastWords(link, fleet)
        }
    }

    private mutating func hearLastWords(_ link: SendLink, _ fleet: Fleet<SendCrew>) {
        do throws(TransportError) { try hear(link, fleet) } catch { link.failure = error }
    }

    private mutating func hear(_ link: SendLink, _ fleet: Fleet<SendCrew>) throws(TransportError) {
        while let frame = try link.connection.decoder.next() {
            switch frame.kind {
            case .response:
                if frame.isText(Connection.heartbeatText) {
                    try link.connection.answerHeartbeat()
                } else if frame.isText("OK"), let first = link.outstanding.first {
                    confirm(first, on: link, fleet)
                } else {
                    throw TransportError(.protocolViolation, "nsqd sent '\(frame.text)', which answers nothing")
                }
            case .error:
                let said = ServerError(frame.text)
                // It belongs to the oldest; nothing behind it was executed.
                if let limit = said.sizeLimit, !copies, let first = link.outstanding.first, reject(in: first, above: limit) {
                    isLimitKnown = true
                    throw TransportError(.unsendable, said.text, isRetriable: true)
                }
                if !said.isTemporary { fatal = fatal ?? said.error }
                throw said.error
            case .message: throw TransportError(.protocolViolation, "nsqd sent a message to a publisher")
            }
        }
    }

    private mutating func confirm(_ parcel: Parcel, on link: SendLink, _ fleet: Fleet<SendCrew>) {
        if !parcel.ends.isEmpty {
            if copies { link.answered += 1 } else { parcel.answered += 1 }
            guard (copies ? link.answered : parcel.answered) == parcel.ends.count else { return }
        }
        if !link.hasAnswered { fleet.acknowledged(link.route) }
        (link.answered, link.hasAnswered) = (0, true)
        link.outstanding.removeFirst()
        if parcel.isProbe { proven = max(proven, parcel.largest) }
        parcel.awaited -= 1
        release()
    }

    /// Lets go of what is confirmed from the front.
    private mutating func release() {
        while let first = parcels.first, first.awaited == 0 {
            confirmedBefore += first.count
            parcels.removeFirst()
            first.removeAll()
            if spare.count < 8 { spare.append(first) }
        }
    }

    // MARK: - What breaks

    /// Takes messages out that nsqd does not take.
    /// - Returns: whether there were any.
    private mutating func reject(in parcel: Parcel, above limit: Int) -> Bool {
        let found = parcel.remove(above: limit)
        for (position, size) in found {
            rejections.append(
                Rejection(position: position, error: .tooLarge(size, limit: limit, hint: "nsqd's -max-msg-size sets it")))
        }
        return !found.isEmpty
    }

    /// Takes a broken connection out; what it did not answer goes to another, or to itself when it comes back.
    private mutating func give(up link: SendLink, _ error: TransportError, _ fleet: Fleet<SendCrew>) throws(TransportError) {
        var isRequired = error.code == .unsendable && fatal == nil
        if !isRequired, error.isReset, !copies, let probe = link.outstanding.first, probe.isProbe {
            // A connection that is reset takes nsqd's last words with it. Where it broke at this message twice, or nobody wants a
            // second try, the message is why.
            probe.attempts += 1
            if !retries || probe.attempts > 1 {
                isRequired = true
                rejections.append(
                    Rejection(
                        position: probe.first,
                        error: TransportError(
                            .unsendable, "\(probe.largest) bytes: nsqd closes the connection at this message",
                            hint: "it may be larger than nsqd takes (-max-msg-size); max-message= says so here")))
                probe.awaited = 0
            }
        }
        let left = link.outstanding.filter { $0.awaited > 0 }
        var error = error
        if error.code == .unreachable, !link.hasAnswered, !left.isEmpty {
            error.hint = "nsqd answers so, too, when it requires tls or takes no messages of this size (-max-msg-size)"
        }
        lose(link, error, isRequired: isRequired, fleet)
        link.outstanding = []
        release()
        if let fatal { throw fatal }
        if copies && !retries {
            fatal = unanswered(error)
            throw unanswered(error)
        }
        if !isRequired { for parcel in left { resent += parcel.count - parcel.confirmed } }
        homeless = left.map { ($0, link.connection.peer) } + homeless
    }
}
