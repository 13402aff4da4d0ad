internal import Glibc
internal import MQCore

/// Consumes a channel, or shows what is in it.
final class NSQReceiver: Receiver {
    private let fleet: ReceiveFleet
    private let notices: Notices
    private let peeks: Bool
    /// Keeps the topic of `nsq:temp`.
    private let temporary: TemporaryTopic?
    private var isClosed = false
    /// While peeking: when the last message came.
    private var quietSince = Deadline.now()
    private var lateAtEnd = 0

    /// How long a stream may pause before nsqd is asked for what it may still be collecting.
    private static let pause = Duration.milliseconds(1)
    /// How long a connection keeps its turn when fewer messages are wanted than there are connections.
    private static let turnTime = Duration.milliseconds(50)
    /// How long nothing must come before peeking believes that it has seen everything.
    private static let peekWait = Duration.milliseconds(300)

    init(_ fleet: ReceiveFleet, peeks: Bool, temporary: TemporaryTopic?) {
        (self.fleet, notices, self.peeks, self.temporary) = (fleet, fleet.notices, peeks, temporary)
    }

    deinit {
        if !isClosed { leave(until: .after(.seconds(1)), stop: StopFlag()) }
    }

    var handedOver: Int { fleet.inFlight.next }

    var closingRemarks: [String] {
        if lateAtEnd == 0 { return [] }
        return [
            "\(Quantity.grouped(lateAtEnd)) messages were settled too late or after their connection broke, and will be delivered again"
        ]
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if limit <= 0 { return .received }
        enter()
        defer { exit() }
        var lastTry = false
        while true {
            if isClosed { return .ended }
            if stop.isRaised { return .stopped }
            try fleet.sortOut()
            if takeReady(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
            let everybodyMay = fleet.ask(limit)
            if fleet.read() { continue }
            if lastTry { return .deadlinePassed }
            if peeks, let outcome = endOfPeeking() { return outcome }
            switch wait(everybodyMay, until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed: lastTry = !peeks
            }
        }
    }

    private func takeReady(into batch: inout Batch, limit: Int, byteLimit: Int) -> Bool {
        let start = (count: batch.count, bytes: batch.byteCount)
        while batch.count - start.count < limit && batch.byteCount - start.bytes < byteLimit {
            let taken = fleet.take(
                into: &batch, limit: limit - (batch.count - start.count), byteLimit: byteLimit - (batch.byteCount - start.bytes))
            // What has come meanwhile makes the batch larger, and costs no wait.
            if taken == 0 || !fleet.isStreaming || !fleet.read() { break }
        }
        if peeks && batch.count > start.count { quietSince = Deadline.now() }
        return batch.count > start.count
    }

    /// Waits for messages: briefly first where they come in a stream, then with the window narrowed, which makes nsqd deliver what it has.
    private func wait(_ everybodyMay: Bool, until deadline: Deadline, stop: StopFlag) -> Readiness {
        var bound = deadline
        if peeks { bound = Deadline(nanoseconds: quietSince + Self.peekWait.nanoseconds) }
        let isStreaming = fleet.isStreaming
        if isStreaming { bound = bound.earlier(.after(Self.pause)) }
        if !everybodyMay { bound = bound.earlier(.after(Self.turnTime)) }
        let started = Deadline.now()
        let result = fleet.wait(until: bound, stop: stop) { link in
            Int32(POLLIN) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
        }
        if Deadline.now() - started > Self.pause.nanoseconds { for link in fleet.links { link.wasSlow = true } }
        guard case .deadlinePassed = result else { return result }
        if isStreaming { _ = fleet.narrow() }
        if !everybodyMay { fleet.rotate() }
        return deadline.hasPassed ? .deadlinePassed : .ready
    }

    private func endOfPeeking() -> Outcome? {
        let isFull = fleet.held >= NSQTransport.mostPeeked
        if isFull { notices.warn("\(NSQTransport.mostPeeked) messages are shown, there may be more: nsqd gives no more at a time") }
        return isFull || Deadline.now() - quietSince >= Self.peekWait.nanoseconds ? .ended : nil
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        // What is only shown goes back at the end, all at once and in order.
        if peeks { return }
        enter()
        defer { exit() }
        fleet.settle(positions, as: settlement)
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { leave(until: deadline, stop: stop) }

    private func leave(until deadline: Deadline, stop: StopFlag) {
        if isClosed { return }
        isClosed = true
        enter()
        for link in fleet.links where link.failure == nil {
            fleet.attempt(link) { (link) throws(TransportError) in try link.beginClosing() }
        }
        // nsqd has read everything when it closes the connection in turn.
        while fleet.links.contains(where: { $0.failure == nil }) {
            let due = fleet.links.reduce(Deadline.never) { $1.failure == nil ? $0.earlier($1.closingDeadline) : $0 }
            let waited = fleet.wait(until: deadline.earlier(due), stop: stop) { link in
                link.failure != nil ? 0 : Int32(POLLIN) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
            }
            for link in fleet.links where link.failure == nil {
                fleet.attempt(link) { (link) throws(TransportError) in
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
        lateAtEnd = fleet.lateSettlements
        exit()
        fleet.disband()
    }

    private func enter() {
        fleet.lock()
        fleet.ownerIsInside = true
    }

    private func exit() {
        fleet.ownerIsInside = false
        fleet.unlock()
    }
}
