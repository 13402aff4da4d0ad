import CZMQ
import Glibc
import MQCore

/// Sends through a PUSH, PUB (an XPUB inside), XSUB, PAIR, DEALER, ROUTER or STREAM socket.
///
/// `flush` ends the socket, because the end is the only time at which libzmq tells that all was written: nothing can be
/// sent after it. The verbs flush once, at the end of their input.
final class ZMQSender: Sender {
    private let wire: Wire
    private let settings: Settings
    private let notices: Notices
    private var limit: MessageLimit
    private var sent = 0
    private var dropped = 0
    private var isFlushed = false
    private var peersAwaited: Bool
    /// Of a ROUTER: who is not there, and the messages that went to nobody.
    private var missing = MissingPeers()
    private var rejections: [Rejection] = []
    /// Subscriptions heard of so far.
    private var subscriptions = 0
    /// Until when a publisher that nobody told to wait waits.
    private var patienceEnd: Deadline?

    /// How long a publisher that nobody told to wait waits for its first subscriber.
    static let patience = Duration.seconds(1)

    init(_ wire: Wire, settings: Settings, notices: Notices) {
        (self.wire, self.settings, self.notices) = (wire, settings, notices)
        limit = MessageLimit(most: settings.sendLimit, bytes: settings.buffer)
        peersAwaited = settings.awaitedPeers == 0 || wire.isInproc
    }

    var maximumMessageSize: Int? { nil }

    /// libzmq tells at the end only that messages arrived.
    private(set) var confirmed = 0

    var obstacle: TransportError {
        if let failure = wire.failure { return failure }
        if let missing = missing.obstacle { return missing }
        if wire.established > 0 && peersAwaited { return TransportError(.tryAgain, "every peer is at its high-water mark") }
        return Self.absence(of: settings, came: peersThere, why: wire.vacancy)
    }

    /// What a first message waits for in vain, where `came` peers are there.
    /// - Parameter why: what is known of the endpoints where nobody is.
    static func absence(of settings: Settings, came: Int, why: String?) -> TransportError {
        let noun = settings.type.publishes ? "subscriber" : "peer"
        if came > 0 {
            return TransportError(
                .unreachable, "\(Quantity.grouped(came)) of \(Quantity.grouped(settings.awaitedPeers)) \(noun)s came",
                hint: "are the others running?")
        }
        guard settings.type.publishes else { return .noPeer(why) }
        return TransportError(
            .unreachable, "no subscriber has come" + (why.map { ": \($0)" } ?? ""), hint: "is the other end running?")
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        Self.refusalOfFrames(in: batch, range, namesPeer: settings.type.namesPeers, isRaw: settings.type == .stream)
    }

    func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        return rejections
    }

    /// The first message whose frames are none.
    /// - Parameters:
    ///   - namesPeer: whether the first of them says for whom it is.
    ///   - isRaw: whether there can be one more only.
    static func refusalOfFrames(in batch: borrowing Batch, _ range: Range<Int>, namesPeer: Bool = false, isRaw: Bool = false) -> Refusal? {
        guard batch.hasProperties || namesPeer else { return nil }
        for index in range {
            let frames = batch.frames(of: index)
            if namesPeer, frames.map({ $0.count < 2 || $0[0] == 0 }) ?? true {
                return Refusal(
                    index: index,
                    error: TransportError(
                        .unsendable, "no frame in front of it names a peer", hint: "the first of its frames says which peer it is for"))
            }
            guard let frames else { continue }
            if isRaw && frames.count > 2 {
                return Refusal(
                    index: index,
                    error: TransportError(.unsendable, "it has \(frames.count) frames; a stream takes a peer's name and its bytes"))
            }
            let size = batch.size(of: index)
            if frames.isEmpty || frames.contains(where: { $0 < 0 }) || frames.reduce(0, { $0 &+ $1 }) != size {
                return Refusal(
                    index: index, error: TransportError(.unsendable, "its frames (\(frames)) do not add up to the body's \(size) bytes"))
            }
        }
        return nil
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        guard !isFlushed else { throw TransportError(.failure, "nothing can be sent after the end of the messages") }
        guard !range.isEmpty else { return 0 }
        if !peersAwaited, try !awaitPeers(until: deadline, stop: stop) { return 0 }
        // Only before the first message: the reading half of a pipe tells what it has read each time it has read half the mark, and
        // a mark that changes between makes both halves wait for ever (libzmq 4.3.4, `pipe_t::set_hwms`).
        if sent == 0, let mark = limit.adapt(toMean: batch.byteCount / max(1, batch.count)) { wire.set(ZMQ_SNDHWM, CInt(clamping: mark)) }
        let accepted =
            batch.hasProperties
            ? try sendParts(batch, range, until: deadline, stop: stop) : try sendWhole(batch, range, until: deadline, stop: stop)
        sent += accepted
        return accepted
    }

    /// The fast path: one call for each message. What is lent is not copied: libzmq reads from the batch's memory when it writes to
    /// the kernel, and gives it back then.
    private func sendWhole(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError)
        -> Int
    {
        let (api, socket) = (wire.library.api, wire.pointer)
        let loan = batch.isWorthLending ? batch.lend(range.count) : nil
        var index = range.lowerBound
        // What a refused call had was given back by it, and what was never tried is still ours.
        defer { if let loan, index < range.upperBound - 1 { Batch.giveBack(loan, count: range.upperBound - 1 - index) } }
        while index < range.upperBound {
            let (start, size) = (batch.start(of: index), batch.size(of: index))
            let result =
                if let loan {
                    czmq_send_lent(api, socket, start, size, giveBack, loan, ZMQ_DONTWAIT)
                } else {
                    czmq_send(api, socket, start, size, ZMQ_DONTWAIT)
                }
            if result < 0 {
                guard try insist(start, size, ZMQ_DONTWAIT, -result, until: deadline, stop: stop) else { break }
            }
            index += 1
        }
        return index - range.lowerBound
    }

    /// Messages with properties may consist of several frames.
    private func sendParts(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError)
        -> Int
    {
        for index in range {
            let frames = batch.properties(of: index).frames ?? [batch.size(of: index)]
            var start = batch.start(of: index)
            if settings.type.namesPeers {
                let name = Array(UnsafeRawBufferPointer(start: start, count: frames[0]))
                switch try address(name, until: deadline, stop: stop) {
                case .waiting: return index - range.lowerBound
                case .missed:
                    rejections.append(Rejection(position: sent + index - range.lowerBound, error: MissingPeers.error(name)))
                    continue
                case .full:
                    dropped += 1
                    continue
                case .there: start += name.count
                }
            }
            for (position, size) in frames.enumerated() where !settings.type.namesPeers || position > 0 {
                let flags = ZMQ_DONTWAIT | (position < frames.count - 1 ? ZMQ_SNDMORE : 0)
                // A message that has begun is finished: a peer must not be left with half of it.
                let bound = position == 0 ? deadline : .never
                let result = czmq_send(wire.library.api, wire.pointer, start, size, flags)
                if result < 0, try !insist(start, size, flags, -result, until: bound, stop: stop) { return index - range.lowerBound }
                start += size
            }
        }
        return range.count
    }

    private enum Addressee { case there, full, missed, waiting }

    /// Sends the frame that says for whom the rest of a message is, once that peer is there and has room.
    /// - Returns: `waiting` when the deadline or the flag ended the wait.
    private func address(_ name: [UInt8], until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Addressee {
        while true {
            let result = czmq_send(wire.library.api, wire.pointer, name, name.count, ZMQ_DONTWAIT | ZMQ_SNDMORE)
            if result >= 0 {
                missing.came(name)
                return .there
            }
            var pause = Deadline.never
            switch -result {
            case EINTR: continue
            case EAGAIN:
                missing.came(name)
                if settings.drops { return .full }
            case EHOSTUNREACH:
                if missing.isMissed(name) { return .missed }
                // Nothing tells when a peer has said its name.
                pause = .after(Self.look)
            case let error: throw wire.library.error(error, "sending")
            }
            if stop.isRaised || deadline.hasPassed { return .waiting }
            _ = wire.block(until: deadline.earlier(pause), stop: stop)
            _ = wire.refresh()
        }
    }

    private static let look = Duration.milliseconds(10)

    /// Goes on with a frame that was refused with `error`.
    /// - Returns: whether it was sent (or dropped, where that was asked for) before the deadline and the flag.
    private func insist(
        _ bytes: UnsafeRawPointer, _ size: Int, _ flags: CInt, _ error: CInt, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Bool {
        var error = error
        var tried = false
        while true {
            guard error == EAGAIN || error == EINTR else { throw wire.library.error(error, "sending") }
            // Room comes in batches, half a high-water mark at a time: trying again before there is news only takes the
            // processor from the thread that makes it. News that came before this call end it at once.
            switch error == EAGAIN && !settings.drops ? wire.block(until: deadline, stop: stop) : stop.isRaised ? .stopped : .ready {
            case .ready: break
            case .stopped: return false
            case .deadlinePassed: if tried { return false }
            }
            tried = true
            hearSubscriptions(wire.refresh())
            let result = czmq_send(wire.library.api, wire.pointer, bytes, size, flags)
            if result >= 0 { return true }
            error = -result
            if error == EAGAIN && settings.drops {
                drop(bytes, size, flags)
                return true
            }
        }
    }

    /// Sends to the subscribers that have room, as a classic publisher does, and counts.
    private func drop(_ bytes: UnsafeRawPointer, _ size: Int, _ flags: CInt) {
        if settings.type.publishes {
            wire.set(ZMQ_XPUB_NODROP, 0)
            _ = czmq_send(wire.library.api, wire.pointer, bytes, size, flags)
            wire.set(ZMQ_XPUB_NODROP, 1)
        }
        if flags & ZMQ_SNDMORE == 0 { dropped += 1 }
    }

    /// Reads what an XPUB hears; nothing for other types.
    private func hearSubscriptions(_ events: CInt) {
        guard settings.type.publishes, events & ZMQ_POLLIN != 0 else { return }
        var first: UInt8 = 0
        while czmq_recv(wire.library.api, wire.pointer, &first, 1, ZMQ_DONTWAIT) >= 0 {
            if first == 1 { subscriptions += 1 }
        }
    }

    private var peersThere: Int { settings.type.publishes ? min(subscriptions, wire.handshakes) : wire.established }

    /// Waits for the peers a first message needs; false when the deadline or the flag came first.
    private func awaitPeers(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Bool {
        let waitsOn = settings.awaitsExplicitly || !settings.type.publishes
        // Several calls may share one wait.
        let patience = patienceEnd ?? .after(Self.patience)
        patienceEnd = patience
        let bound = waitsOn ? deadline : deadline.earlier(patience)
        while true {
            hearSubscriptions(wire.refresh())
            if peersThere >= settings.awaitedPeers {
                peersAwaited = true
                return true
            }
            switch wire.block(until: bound, stop: stop) {
            case .ready: continue
            case .stopped: return false
            case .deadlinePassed:
                if waitsOn || !patience.hasPassed { return false }
                notices.warn(Absence.noSubscriber(wire.absence))
                peersAwaited = true
                return true
            }
        }
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isFlushed else { return }
        isFlushed = true
        let bound = settings.linger.map { deadline.earlier(.after($0)) } ?? deadline
        // Without a subscriber a publisher's messages went nowhere, and nobody is to be waited for.
        let waits = sent > 0 && !(settings.type.sendsToAll && wire.established == 0)
        try wire.finish(sent: waits, until: bound, stop: stop)
        confirmed = sent
    }

    var closingRemarks: [String] {
        var remarks: [String] = []
        // libzmq tells that a subscriber is full once, and is silent of what it drops until half of its mark is free.
        if dropped > 0 { remarks.append(.dropped(dropped, by: settings.type, isLeast: settings.type.publishes)) }
        return remarks
    }
}

private func giveBack(_: UnsafeMutableRawPointer?, _ loan: UnsafeMutableRawPointer?) { Batch.giveBack(loan!) }
