internal import Glibc
internal import MQCore

/// The connections of a receiver.
final class ReceiveFleet: Fleet<ReceiveLink>, @unchecked Sendable {
    /// The most unsettled messages, over all connections.
    private let most: Int
    /// The most that are taken ahead of the owner.
    private let ahead: Int
    let inFlight: InFlight
    private var lastOrdinal: UInt32 = 0
    /// The connection that is read first, and the one that may deliver when not all may.
    private var reading = 0
    private var turn = 0
    /// Messages that could not be settled, of connections that have gone.
    private var late = 0
    /// Whether the owner takes whatever there is.
    private var isUnbounded = false

    init(
        _ settings: ConnectionSettings, discovery: Discovery?, opening: Opening, most: Int,
        subscribe: @escaping @Sendable (Connection, Deadline, StopFlag) throws(TransportError) -> Void
    ) {
        let inFlight = InFlight()
        (self.most, self.inFlight) = (most, inFlight)
        ahead = max(1, opening.prefetch ?? .max)
        super.init(settings, discovery: discovery, opening: opening) { (connection, deadline, stop) throws(TransportError) in
            try subscribe(connection, deadline, stop)
            return ReceiveLink(connection, inFlight)
        }
    }

    // MARK: - With the lock held

    var held: Int { links.reduce(0) { $0 + $1.held } }
    /// What will be delivered again though it was settled.
    var lateSettlements: Int { late + links.reduce(0) { $0 + $1.late } }

    /// Gives new connections their number, and sorts out broken ones.
    /// - Throws: when none is left.
    func sortOut() throws(TransportError) {
        for link in links {
            if let error = link.failure {
                late += link.late
                if !error.isRetriable && error.code != .unreachable { throw error }
                lose(link, error)
            } else if link.ordinal == 0 {
                lastOrdinal += 1
                link.ordinal = lastOrdinal
            }
        }
        if links.isEmpty { try requireHope() }
    }

    /// Hands over what has been read, fairly.
    func take(into batch: inout Batch, limit: Int, byteLimit: Int) -> Int {
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
        }
        return taken
    }

    /// Reads what is there.
    func read() -> Bool {
        var came = false
        for link in links where link.failure == nil {
            attempt(link) { (link) throws(TransportError) in
                try link.connection.flush()
                if try link.connection.receive() { came = true }
            }
        }
        return came
    }

    /// Divides what is wanted among the connections and sends what was settled.
    /// - Returns: whether every connection may deliver something.
    func ask(_ limit: Int) -> Bool {
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
                if shrinks == phase { attempt(link) { (link) throws(TransportError) in try link.commit(share: share) } }
            }
        }
        return wanted >= count
    }

    /// Fewer messages are wanted than there are connections: others get their turn.
    func rotate() { turn += 1 }

    /// Before a real wait.
    func narrow() -> Bool {
        var isChanged = false
        for link in links {
            if link.window > 1 { isChanged = true }
            (link.window, link.wasSlow) = (1, true)
        }
        return isChanged
    }

    /// Whether some connection is in the stage in which messages come in bulk.
    var isStreaming: Bool { links.contains { $0.window > 1 } }

    func settle(_ positions: Range<Int>, as settlement: Settlement) {
        var link = links.first
        for position in positions {
            guard let entry = inFlight.remove(position) else { continue }
            if link?.ordinal != entry.link { link = links.first { $0.ordinal == entry.link } }
            if let link { link.settle(entry.id, as: settlement) } else { late += 1 }
        }
        guard isUnbounded else { return }
        for link in links { attempt(link) { (link) throws(TransportError) in try link.commitEarly() } }
    }

    func attempt(_ link: ReceiveLink, _ body: (ReceiveLink) throws(TransportError) -> Void) {
        do throws(TransportError) { try body(link) } catch { link.failure = link.failure ?? error }
    }

    // MARK: - While the owner is elsewhere

    override func tend(_ link: ReceiveLink, at now: UInt64) throws(TransportError) -> UInt64 {
        let next = try super.tend(link, at: now)
        if link.isClosing { return next }
        if !ownerIsInside { try link.commitIdly() }
        return min(next, try link.touch(at: now))
    }
}
