internal import Glibc
internal import MQCore

/// The connections of a receiver.
struct ReceiveCrew: Crew {
    var links: [ReceiveLink] = []
    var watch: Watch
    /// The most unsettled messages, over all connections.
    private let most: Int
    /// The most that are taken ahead of the owner.
    private let ahead: Int
    private let peeks: Bool
    /// Asks whether the channel is empty, and whether it is there.
    private let inquiry: ChannelInquiry?
    /// Only where the receiver ends with the channel's last message.
    private var drain: DrainWatch?
    private let inFlight = InFlight()
    private var lastOrdinal: UInt32 = 0
    /// The connection that is read first, and the one that may deliver when not all may.
    private var reading = 0
    private var turn = 0
    /// Messages that could not be settled, of connections that have gone; and those of which nobody knows whether they were.
    private var (late, unsure) = (0, 0)
    /// Whether the owner takes whatever there is.
    private var isUnbounded = false
    /// While peeking: when the last message came.
    private var quietSince = Deadline.now()

    /// How long a stream may pause before nsqd is asked for what it may still be collecting.
    private static let pause = Duration.milliseconds(1)
    /// How long a connection keeps its turn when fewer messages are wanted than there are connections.
    private static let turnTime = Duration.milliseconds(50)
    /// How long nothing must come before peeking believes that it has seen everything.
    private static let peekWait = Duration.milliseconds(300)

    init(most: Int, opening: Opening, inquiry: ChannelInquiry? = nil) {
        (self.most, self.inquiry, watch) = (most, inquiry, Watch(opening.clocks))
        ahead = max(1, opening.prefetch ?? .max)
        peeks = opening.mode == .peek
        if opening.endsWhenEmpty && !peeks { drain = DrainWatch(at: Deadline.now()) }
    }

    private var held: Int { links.reduce(0) { $0 + $1.held } }

    /// Messages that were others' before they were settled here.
    var lost: Int { late + links.reduce(0) { $0 + $1.late } }

    /// What the person should know at the end.
    var remarks: [String] {
        var remarks: [String] = []
        if lost > 0 {
            let words =
                lost == 1
                ? "was settled too late or after its connection broke, and" : "were settled too late or after their connection broke, and"
            remarks.append("\(Quantity.count(lost, "message")) \(words) will be delivered again")
        }
        if unsure > 0 {
            let words =
                unsure == 1 ? "was settled just before its connection broke, and" : "were settled just before their connection broke, and"
            remarks.append("up to \(Quantity.count(unsure, "message")) \(words) may be delivered again")
        }
        return remarks
    }

    // MARK: - Receiving

    mutating func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, _ fleet: Fleet<ReceiveCrew>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        var lastTry = false
        while true {
            if stop.isRaised { return .stopped }
            try sortOut(fleet, stop)
            if takeReady(into: &batch, limit: limit, byteLimit: byteLimit, fleet) { return .received }
            let everybodyMay = ask(limit)
            // A connection that turned out to be broken is sorted out at once, and not when the next duty is due.
            if read() || links.contains(where: { $0.failure != nil }) { continue }
            if lastTry { return .deadlinePassed }
            if peeks, let outcome = endOfPeeking(fleet) { return outcome }
            if try endOfDraining(fleet, deadline, stop) { return .ended }
            switch wait(everybodyMay, fleet, until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed: lastTry = !peeks
            }
        }
    }

    private mutating func takeReady(into batch: inout Batch, limit: Int, byteLimit: Int, _ fleet: Fleet<ReceiveCrew>) -> Bool {
        let start = (count: batch.count, bytes: batch.byteCount)
        while batch.count - start.count < limit && batch.byteCount - start.bytes < byteLimit {
            let taken = take(
                into: &batch, limit: limit - (batch.count - start.count), byteLimit: byteLimit - (batch.byteCount - start.bytes), fleet)
            // What has come meanwhile makes the batch larger, and costs no wait.
            if taken == 0 || !isStreaming || !read() { break }
        }
        if batch.count == start.count { return false }
        if peeks { quietSince = Deadline.now() }
        if drain != nil { drain?.messagesCame(at: Deadline.now()) }
        return true
    }

    /// Hands over what has been read, fairly.
    private mutating func take(into batch: inout Batch, limit: Int, byteLimit: Int, _ fleet: Fleet<ReceiveCrew>) -> Int {
        var taken = 0
        let start = batch.byteCount
        if links.count > 1 { reading = (reading + 1) % links.count }
        for offset in 0..<links.count {
            let link = links[(reading + offset) % links.count]
            let bytesLeft = byteLimit - (batch.byteCount - start)
            if taken >= limit || bytesLeft <= 0 || link.failure != nil { break }
            let before = batch.count
            do throws(TransportError) { _ = try link.take(into: &batch, limit: limit - taken, byteLimit: bytesLeft) } catch {
                link.failure = error
            }
            taken += batch.count - before
            if link.hasHeard && !link.isAcknowledged {
                link.isAcknowledged = true
                fleet.acknowledged(link.route)
            }
        }
        return taken
    }

    /// Reads what is there.
    private func read() -> Bool {
        var came = false
        for link in links where link.failure == nil {
            link.attempt { (link) throws(TransportError) in
                try link.connection.flush()
                if try link.connection.receive() { came = true }
            }
        }
        return came
    }

    /// Waits for messages: briefly first where they come in a stream, then with the window narrowed, which makes nsqd deliver what it has.
    private mutating func wait(
        _ everybodyMay: Bool, _ fleet: Fleet<ReceiveCrew>, until deadline: Deadline, stop: StopFlag
    ) -> Readiness {
        var bound = deadline
        if peeks { bound = Deadline(nanoseconds: quietSince + Self.peekWait.nanoseconds) }
        if let drain { bound = bound.earlier(Deadline(nanoseconds: drain.due)) }
        let isStreaming = isStreaming
        if isStreaming { bound = bound.earlier(.after(Self.pause)) }
        if !everybodyMay { bound = bound.earlier(.after(Self.turnTime)) }
        let started = Deadline.now()
        let result = wait(fleet, until: bound, stop: stop) { link in
            link.failure != nil ? 0 : Int32(POLLIN) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
        }
        if Deadline.now() - started > Self.pause.nanoseconds { for link in links { link.wasSlow = true } }
        guard case .deadlinePassed = result else { return result }
        if isStreaming { narrow() }
        if !everybodyMay { turn += 1 }
        return deadline.hasPassed ? .deadlinePassed : .ready
    }

    private func endOfPeeking(_ fleet: Fleet<ReceiveCrew>) -> Outcome? {
        let isFull = held >= NSQTransport.mostPeeked
        if isFull { fleet.notices.warn("\(NSQTransport.mostPeeked) messages are shown, there may be more: nsqd gives no more at a time") }
        return isFull || Deadline.now() - quietSince >= Self.peekWait.nanoseconds ? .ended : nil
    }

    /// Whether the channel is empty, where the receiver ends with it.
    private mutating func endOfDraining(_ fleet: Fleet<ReceiveCrew>, _ deadline: Deadline, _ stop: StopFlag) throws(TransportError) -> Bool
    {
        guard var drain, !isStreaming, Deadline.now() >= drain.due else { return false }
        if links.isEmpty && fleet.isDeserted { return true }
        let wasGuessing = drain.hasGuessed
        var answers: [(ChannelState, Int)] = []
        for link in links where link.failure == nil {
            let state = inquiry?.ask(link.route, client: link.connection.localAddress, until: .never, stop: stop)
            answers.append((state ?? .unavailable, link.held))
        }
        let isEmpty = try drain.heard(answers, at: Deadline.now())
        self.drain = drain
        if drain.hasGuessed && !wasGuessing {
            fleet.notices.warn(
                "nsqd's HTTP port cannot be asked for the depth of the channel, which counts as empty when nothing comes for "
                    + Quantity.words(DrainWatch.blindWait))
        }
        return isEmpty && !stop.isRaised
    }

    // MARK: - Flow

    /// Divides what is wanted among the connections and sends what was settled.
    /// - Returns: whether every connection may deliver something.
    private mutating func ask(_ limit: Int) -> Bool {
        isUnbounded = limit >= most && ahead >= most
        let wanted = min(limit, ahead, max(0, most - held))
        let count = links.count
        if count == 0 { return true }
        for link in links { link.adapt(most: max(1, wanted / count)) }
        // Those that must deliver less are told first.
        for phase in [true, false] {
            for (place, link) in links.enumerated() where link.failure == nil {
                let share = wanted / count + ((place + count - turn % count) % count < wanted % count ? 1 : 0)
                let shrinks = link.held + min(link.window, share) <= link.ready
                if shrinks == phase { link.attempt { (link) throws(TransportError) in try link.commit(share: share) } }
            }
        }
        return wanted >= count
    }

    /// Before a real wait.
    private func narrow() { for link in links { (link.window, link.wasSlow) = (1, true) } }

    /// Whether some connection is in the stage in which messages come in bulk.
    private var isStreaming: Bool { links.contains { $0.window > 1 } }

    mutating func settle(_ positions: Range<Int>, as settlement: Settlement) {
        // What is only shown goes back at the end, all at once and in order.
        if peeks { return }
        if case .requeue(let delay) = settlement, delay > .zero { drain?.wentBack(for: delay, at: Deadline.now()) }
        var link = links.first
        for position in positions {
            guard let entry = inFlight.remove(position) else { continue }
            if link?.ordinal != entry.link { link = links.first { $0.ordinal == entry.link } }
            if let link { link.settle(entry.id, as: settlement) } else { late += 1 }
        }
        guard isUnbounded else { return }
        for link in links { link.attempt { (link) throws(TransportError) in try link.commitEarly() } }
    }

    /// Sends what was settled, and lets nsqd add nothing.
    mutating func sendSettled() {
        for link in links where link.failure == nil { link.attempt { (link) throws(TransportError) in try link.commitIdly() } }
    }

    // MARK: - Connections

    mutating func join(_ link: ReceiveLink) {
        lastOrdinal += 1
        link.join(as: lastOrdinal, inFlight)
        links.append(link)
    }

    /// Takes in new connections, and sorts out broken ones.
    /// - Throws: when none is left.
    private mutating func sortOut(_ fleet: Fleet<ReceiveCrew>, _ stop: StopFlag) throws(TransportError) {
        takeIn(fleet)
        tendWhenDue()
        for link in links {
            if var error = link.failure {
                late += link.late
                unsure += link.unsureSettlements
                if error.isReset, let inquiry, let deletion = inquiry.deletion(at: link.route, stop: stop) { error = deletion }
                if !error.isRetriable && error.code != .unreachable && error.code != .noSuchQueue { throw error }
                lose(link, error, fleet)
            }
        }
        if links.isEmpty { try fleet.requireHope() }
    }

    mutating func tend(_ link: ReceiveLink, at now: UInt64, ownerIsAway: Bool) throws(TransportError) -> UInt64 {
        let next = try keepAlive(link, at: now, ownerIsAway: ownerIsAway)
        if link.isClosing { return next }
        if ownerIsAway { try link.commitIdly() }
        return min(next, try link.touch(at: now))
    }

    /// Leaves: what is settled is settled, everything else goes back.
    mutating func leave(_ fleet: Fleet<ReceiveCrew>, until deadline: Deadline, stop: StopFlag) {
        takeIn(fleet)
        for link in links where link.failure == nil { link.attempt { (link) throws(TransportError) in try link.beginClosing() } }
        // nsqd has read everything when it closes the connection in turn.
        while links.contains(where: { $0.failure == nil }) {
            let due = links.reduce(Deadline.never) { $1.failure == nil ? $0.earlier($1.closingDeadline) : $0 }
            let waited = wait(fleet, until: deadline.earlier(due), stop: stop) { link in
                link.failure != nil ? 0 : Int32(POLLIN) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
            }
            for link in links where link.failure == nil {
                link.attempt { (link) throws(TransportError) in
                    try link.connection.flush()
                    // Its end is how a connection leaves: what came before it is looked at first.
                    let outcome = Result { () throws(TransportError) in try link.connection.receive() }
                    let isQuiet = if case .success(false) = outcome { true } else { false }
                    try link.goOnClosing(at: Deadline.now(), isQuiet: isQuiet)
                    _ = try outcome.get()
                }
            }
            if case .stopped = waited { break }
            if deadline.hasPassed { break }
        }
    }
}
