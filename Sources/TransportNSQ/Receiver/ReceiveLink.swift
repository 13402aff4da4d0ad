internal import Glibc
internal import MQCore

/// A connection that is subscribed, with what was taken from it.
///
/// RDY is a standing limit of messages in flight, and reaching it makes nsqd write out what it has collected. So a window of
/// one on a quiet channel brings a lone message at once though nsqd collects, and a wide one lets it collect while much is
/// queued. The window grows while messages come quickly, and falls back to one before a real wait, which also brings what nsqd
/// holds just then (nsqd, protocol_v2.go, messagePump: a client that is not ready is flushed).
final class ReceiveLink: Link {
    let connection: Connection
    let route: Route
    var failure: TransportError?
    /// Counted over all connections of the receiver, from 1; none is used again.
    private(set) var ordinal: UInt32 = 0
    /// The receiver's, of which `held` are this connection's.
    private var inFlight: InFlight!
    private(set) var held = 0
    /// How many unsettled messages nsqd may add to those handed over.
    var window = 1
    /// What RDY said last.
    private(set) var ready = 0
    /// Messages since RDY was last considered, and their bytes.
    private var arrived = 0
    private var arrivedBytes = 0
    /// Bytes of a message, smoothed.
    private var meanSize = 0
    /// What may be taken ahead of the owner, so that blocked output does not fill the memory.
    static let bytesAhead = 16 << 20
    /// Whether they were waited for.
    var wasSlow = true
    /// FINs and REQs that were not sent yet.
    private var settlements: [UInt8] = []
    private(set) var settlementCount = 0
    private var lastTouch: UInt64
    private(set) var isClosing = false
    /// Whether nsqd has said CLOSE_WAIT, until when it may have more to say, and whether we have ended our side.
    private var hasClosed = false
    private var grace: UInt64 = 0
    private var quietAt: UInt64?
    private var hasFinished = false

    /// Things that could not be settled since nsqd had taken them back.
    private(set) var late = 0
    /// Whether nsqd has said anything since we subscribed.
    private(set) var hasHeard = false
    /// Whether that was passed on.
    var isAcknowledged = false
    private let start: UInt64
    /// What was handed over, what was settled of it, and the widest RDY: of what it allows the settling may not have arrived.
    private var (received, settled, mostReady) = (0, 0, 0)
    /// Settled within a second of the last sending.
    private var settledLately = 0

    init(_ connection: Connection, _ route: Route) {
        (self.connection, self.route) = (connection, route)
        start = connection.clocks.monotonic()
        lastTouch = start
    }

    /// Becomes one of the receiver's connections.
    func join(as ordinal: UInt32, _ inFlight: InFlight) { (self.ordinal, self.inFlight) = (ordinal, inFlight) }

    var isSound: Bool { hasHeard || connection.clocks.monotonic() - start > 1_000_000_000 }

    /// How many settlements nsqd may not have read when the connection broke.
    var unsureSettlements: Int { max(0, min(settledLately, settled - max(0, received - mostReady))) }

    // MARK: - Messages

    /// Hands over what is in the read buffer, up to `limit` messages and about `byteLimit` bytes.
    func take(into batch: inout Batch, limit: Int, byteLimit: Int) throws(TransportError) -> Int {
        let wantsProperties = batch.wantsProperties
        let start = batch.byteCount
        let inFlight = inFlight!
        var taken = 0
        defer {
            arrived += taken
            received += taken
            held += taken
            if taken > 0 { hasHeard = true }
            arrivedBytes += batch.byteCount - start
        }
        while taken < limit && batch.byteCount - start < byteLimit, let frame = try connection.decoder.next() {
            guard frame.kind == .message else {
                try hear(frame)
                continue
            }
            let message = try MessageView(frame)
            inFlight.add(message.id, from: ordinal)
            batch.append(message.body)
            if wantsProperties { batch.setProperties(properties(message)) }
            taken += 1
        }
        return taken
    }

    private func properties(_ message: MessageView) -> MessageProperties {
        var properties = MessageProperties()
        properties.id = message.id.text
        properties.timestamp = message.timestamp
        properties.attempts = message.attempts
        properties.queue = route.topic
        return properties
    }

    private func hear(_ frame: Frame) throws(TransportError) {
        if frame.kind == .response {
            hasHeard = true
            if frame.isText(Connection.heartbeatText) { try connection.answerHeartbeat() }
            if frame.isText("CLOSE_WAIT") { hasClosed = true }
            return
        }
        let said = ServerError(frame.text)
        guard said.keepsConnection else { throw said.error }
        // A TOUCH that fails tells that the message is no longer ours; its FIN is not sent then.
        if said.word == "E_TOUCH_FAILED" {
            if let id = said.messageID, inFlight.lose(id, from: ordinal) {
                held -= 1
                late += 1
            }
        } else {
            late += 1
        }
    }

    // MARK: - Settling

    /// Notes what became of a message that was in flight; sent with `commit`.
    @inline(__always)
    func settle(_ id: MessageID, as settlement: Settlement) {
        held -= 1
        switch settlement {
        case .acknowledge: Command.finish(id, into: &settlements)
        case .requeue(let delay): Command.requeue(id, after: delay, into: &settlements)
        }
        settlementCount += 1
    }

    /// Allows `share` messages beside those handed over, and sends what was settled: RDY first, so that room which a FIN
    /// makes is not filled beyond what is wanted.
    func commit(share: Int) throws(TransportError) {
        let wanted = min(held + min(window, share), connection.negotiated.maximumReady)
        var bytes: [UInt8] = []
        if wanted != ready {
            ready = wanted
            mostReady = max(mostReady, wanted)
            Command.ready(wanted, into: &bytes)
            if settlementCount > 0 { bytes.append(contentsOf: settlements) }
        } else {
            guard settlementCount > 0 else { return }
            swap(&bytes, &settlements)
        }
        settlements.removeAll(keepingCapacity: true)
        try sendSettlements(bytes)
    }

    private func sendSettlements(_ bytes: [UInt8]) throws(TransportError) {
        let before = connection.lastWrite
        settled += settlementCount
        settledLately += settlementCount
        defer { settlementCount = 0 }
        try connection.send(bytes)
        if connection.lastWrite > before + 1_000_000_000 { settledLately = settlementCount }
    }

    /// Widens the window when nsqd has used it up without making us wait.
    func adapt(most: Int) {
        guard arrived > 0 else { return }
        let size = arrivedBytes / arrived
        meanSize = max(size, (meanSize * 7 + size) / 8)
        let most = min(max(1, most), max(1, Self.bytesAhead / max(1, meanSize)))
        if arrived >= window && !wasSlow { window *= 4 }
        window = min(window, most)
        (arrived, arrivedBytes, wasSlow) = (0, 0, false)
    }

    /// Sends settlements so that nsqd has room while there is still something to hand over; RDY stays.
    func commitEarly() throws(TransportError) {
        guard settlementCount * 2 >= ready, settlementCount > 0 else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &settlements)
        try sendSettlements(bytes)
    }

    /// While the owner is elsewhere: settles, and lets nsqd add nothing.
    func commitIdly() throws(TransportError) {
        guard settlementCount > 0 else { return }
        var buffered = 0
        connection.decoder.peekFrames { if $0.kind == .message { buffered += 1 } }
        try commit(share: min(buffered, max(0, ready - held)))
    }

    // MARK: - Keeping

    /// Asks for more time for everything unsettled, once in half of what nsqd gives; says when to come again.
    func touch(at now: UInt64) throws(TransportError) -> UInt64 {
        let timeout = UInt64(connection.negotiated.messageTimeout) * 1_000_000
        guard now - lastTouch >= timeout / 2 - timeout / 32 else { return now + timeout / 4 }
        lastTouch = now
        var bytes: [UInt8] = []
        inFlight.forEach(from: ordinal) { Command.touch($0, into: &bytes) }
        connection.decoder.peekFrames { frame in
            if let message = try? MessageView(frame), frame.kind == .message { Command.touch(message.id, into: &bytes) }
        }
        try connection.send(bytes)
        return now + timeout / 4
    }

    // MARK: - Leaving

    /// Begins to leave: what is settled is settled, everything else goes back at once. RDY comes first, or nsqd would fill
    /// the room that this makes.
    func beginClosing() throws(TransportError) {
        isClosing = true
        var bytes: [UInt8] = []
        Command.ready(0, into: &bytes)
        let isExhausted = held + settlementCount >= ready
        grace = isExhausted ? 2_000_000 : 10_000_000
        inFlight.forEach(from: ordinal) { Command.requeue($0, after: .zero, into: &settlements) }
        try giveBackBuffered()
        Command.close(into: &settlements)
        try connection.send(bytes + settlements)
        settlements.removeAll()
    }

    /// Goes on leaving with what has been read. A message may still arrive behind CLOSE_WAIT, which nsqd writes beside its
    /// messages: the connection stays open for that long.
    /// - Parameter isQuiet: whether nothing was read.
    func goOnClosing(at now: UInt64, isQuiet: Bool) throws(TransportError) {
        try giveBackBuffered()
        if hasClosed && (quietAt == nil || !isQuiet) { quietAt = now + grace }
        try connection.send(settlements)
        settlements.removeAll()
        if let quietAt, now >= quietAt, !hasFinished, !connection.hasOutput {
            hasFinished = true
            connection.finishSending()
        }
    }

    /// When to come again though nothing was read.
    var closingDeadline: Deadline { hasFinished ? .never : quietAt.map { Deadline(nanoseconds: $0) } ?? .never }

    private func giveBackBuffered() throws(TransportError) {
        while let frame = try connection.decoder.next() {
            if frame.kind == .message {
                Command.requeue(try MessageView(frame).id, after: .zero, into: &settlements)
            } else {
                try hear(frame)
            }
        }
    }
}
