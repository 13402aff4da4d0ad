import CZMQ
import Glibc
import MQCore

/// Receives from a PULL, SUB, XSUB, XPUB, PAIR, DEALER, ROUTER or STREAM socket.
final class ZMQReceiver: Receiver {
    private let wire: Wire
    private let settings: Settings
    private let endsWithLastSender: Bool
    /// libzmq's message, never moved: it may point into itself.
    private let message: UnsafeMutablePointer<zmq_msg_t>
    private var frames: [UInt8] = []
    private var leftBehind = false
    private(set) var handedOver = 0
    private var isClosed = false

    /// Tries before a batch is handed over. More of them gain nothing, and delay a message that comes alone.
    private let yields: Int
    /// How long nothing may come after the last peer has left: libzmq tells of that a moment before it hands over the last messages.
    static let afterglow = Duration.milliseconds(50)

    init(_ wire: Wire, settings: Settings, endsWithLastSender: Bool, isPrompt: Bool) {
        (self.wire, self.settings, self.endsWithLastSender) = (wire, settings, endsWithLastSender)
        yields = isPrompt ? 0 : 2
        message = .allocate(capacity: 1)
        _ = wire.library.api.pointee.msg_init(message)
    }

    deinit {
        _ = wire.library.api.pointee.msg_close(message)
        message.deallocate()
    }

    var absence: TransportError? { isClosed ? nil : wire.absence.map { .noPeer($0) } }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if limit <= 0 { return .received }
        var end: Deadline?
        while true {
            // A closed receiver's socket is gone.
            if isClosed { return .ended }
            if try take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
            if stop.isRaised { return .stopped }
            wire.drainMonitor()
            if endsWithLastSender, wire.handshakes > 0, wire.established == 0 {
                end = end ?? .after(Self.afterglow)
                if end!.hasPassed { return .ended }
            } else {
                end = nil
            }
            switch wire.block(until: end.map(deadline.earlier) ?? deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed:
                guard deadline.hasPassed else { continue }
                if try take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
                if deadline != .immediately, let failure = wire.failure { throw failure }
                return .deadlinePassed
            }
        }
    }

    /// Takes what is there, without waiting; false when there is nothing.
    private func take(into batch: inout Batch, limit: Int, byteLimit: Int) throws(TransportError) -> Bool {
        let (api, socket, message) = (wire.library.api, wire.pointer, message)
        let functions = api.pointee
        let most = batch.byteCount + byteLimit
        var left = limit
        let first = batch.count
        defer { handedOver += limit - left }
        var tries = 0
        while left > 0 && batch.byteCount < most {
            let size = Int(czmq_msg_recv(api, message, socket, ZMQ_DONTWAIT))
            guard size >= 0 else {
                if size == -Int(EINTR) { continue }
                guard size == -Int(EAGAIN) else {
                    if left < limit { break }
                    throw wire.library.error(CInt(-size), "receiving")
                }
                // A batch of one message costs the other end of the pump a system call: let the sender go on a little.
                tries += 1
                if left == limit || tries > yields { break }
                sched_yield()
                continue
            }
            if functions.msg_more(message) != 0 {
                try takeFrames(into: &batch)
            } else if size >= Batch.worthLending && batch.takesLoans {
                keep(size, in: &batch)
            } else {
                let place = batch.reserve(size)
                memcpy(place, functions.msg_data(message)!, size)
                batch.commit(size)
            }
            left -= 1
        }
        if settings.type == .xpub { SubscriptionFeed.name(&batch, first..<batch.count) }
        return left < limit
    }

    /// The body stays libzmq's until the batch is emptied.
    private func keep(_ size: Int, in batch: inout Batch) {
        let functions = wire.library.api.pointee
        let slot = batch.reserveLoan().assumingMemoryBound(to: zmq_msg_t.self)
        _ = functions.msg_init(slot)
        _ = functions.msg_move(slot, message)
        batch.commitLoan(functions.msg_data(slot)!, size, release: czmq_closer(wire.library.api))
    }

    /// Joins the frame in `message` with those that follow; a message arrives whole, so they are there.
    private func takeFrames(into batch: inout Batch) throws(TransportError) {
        let api = wire.library.api
        var lengths: [Int] = []
        frames.removeAll(keepingCapacity: true)
        while true {
            let size = api.pointee.msg_size(message)
            frames.append(contentsOf: UnsafeRawBufferPointer(start: api.pointee.msg_data(message), count: size))
            lengths.append(size)
            if api.pointee.msg_more(message) == 0 { break }
            var result = czmq_msg_recv(api, message, wire.pointer, 0)
            while result == -EINTR { result = czmq_msg_recv(api, message, wire.pointer, 0) }
            if result < 0 { throw wire.library.error(-result, "receiving") }
        }
        batch.append(frames)
        batch.setFrames(lengths[...])
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isClosed else { return }
        leftBehind = holdsMore
        isClosed = true
        wire.close()
    }

    /// Whether libzmq has taken messages from their senders that nobody asked for.
    private var holdsMore: Bool { wire.refresh() & ZMQ_POLLIN != 0 }

    var closingRemarks: [String] {
        guard settings.type.takesAhead, isClosed ? leftBehind : holdsMore else { return [] }
        return [
            "messages beyond those received had been taken ahead from their senders and are lost: "
                + "a \(settings.type.rawValue.uppercased()) socket prefetches (up to recv-hwm=\(settings.receiveLimit) from each) and cannot give back"
        ]
    }
}
