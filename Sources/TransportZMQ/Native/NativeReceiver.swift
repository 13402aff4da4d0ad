import CZMQ
import Glibc
import MQCore
import ZMTP

/// Receives by the native engine: PULL, SUB, XSUB, XPUB, PAIR, DEALER, ROUTER.
final class NativeReceiver: Receiver {
    private let core: ReceivingCore
    private let fleet: Fleet
    private let endsWithLastSender: Bool
    private let type: SocketType
    private var lostAhead = false
    /// What the last call handed over.
    private var last = (messages: 0, bytes: 0)
    /// What counts as one short message, in bytes.
    private static let little = 4096
    /// Less than an mq writes at a time.
    private static let portion = 64 << 10
    /// For the pieces of 8 KiB that libzmq writes. Who sleeps between two of them has to be woken by the thread that writes.
    private var pieces = Spin.yielding
    /// The most messages that one call hands over: what is taken ahead of whoever wants them.
    private let most: Int

    init(_ fleet: Fleet, settings: Settings, endsWithLastSender: Bool) throws(TransportError) {
        (self.fleet, self.endsWithLastSender, type) = (fleet, endsWithLastSender, settings.type)
        most = settings.receiveLimit == 0 ? .max : settings.receiveLimit
        core = ReceivingCore(fleet)
        try fleet.start(for: core)
    }

    deinit { fleet.end() }

    var handedOver: Int { core.handedOver }

    var absence: TransportError? { fleet.whileHere { fleet.absence.map { .noPeer($0) } } }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        let limit = min(limit, most)
        if limit <= 0 { return .received }
        fleet.enter()
        defer { fleet.leave() }
        if fleet.isClosed { return .ended }
        fleet.turn(until: .immediately, stop: stop)
        let before = (core.handedOver, batch.byteCount)
        while true {
            if core.take(into: &batch, limit: limit, byteLimit: byteLimit) {
                last = (core.handedOver - before.0, batch.byteCount - before.1)
                return .received
            }
            if stop.isRaised { return .stopped }
            if endsWithLastSender && fleet.handshakes > 0 && fleet.ready.isEmpty { return .ended }
            switch wait(until: deadline, stop) {
            case .ready, .stopped: continue
            case .deadlinePassed:
                if core.take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
                guard deadline.hasPassed else { continue }
                if deadline != .immediately, let failure = fleet.failure { throw failure }
                return .deadlinePassed
            }
        }
    }

    private func wait(until deadline: Deadline, _ stop: StopFlag) -> Readiness {
        // Where one short message is answered, the next may come at once.
        if last.messages == 1 && last.bytes <= Self.little { return fleet.watch(until: deadline, stop: stop) }
        if last.bytes > Self.little && last.bytes < Self.portion { return fleet.watch(until: deadline, stop: stop, &pieces) }
        return fleet.turn(until: deadline, stop: stop)
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        fleet.enter()
        defer { fleet.leave() }
        guard !fleet.isClosed else { return }
        lostAhead = core.leave(until: deadline.earlier(.after(Fleet.farewell)))
        fleet.close()
    }

    var closingRemarks: [String] {
        guard type.takesAhead, lostAhead else { return [] }
        return [
            "messages beyond those received had been taken ahead from their senders and are lost: "
                + "only an mq that sends keeps them until it knows that they were taken"
        ]
    }
}
