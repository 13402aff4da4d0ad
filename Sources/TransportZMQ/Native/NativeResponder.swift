import MQCore
import ZMTP

/// Answers requests by the native engine: REP, ROUTER.
final class NativeResponder: Responder {
    private let core: ReplyingCore
    private let fleet: Fleet

    init(_ fleet: Fleet) throws(TransportError) {
        self.fleet = fleet
        core = ReplyingCore(fleet)
        try fleet.start(for: core)
    }

    deinit { fleet.end() }

    var handedOver: Int { core.handedOver }

    var absence: TransportError? { fleet.whileHere { fleet.absence.map { .noPeer($0) } } }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if limit <= 0 { return .received }
        fleet.enter()
        defer { fleet.leave(isUrgent: fleet.hasOutput) }
        if fleet.isClosed { return .ended }
        // With something at hand, the others would not be heard.
        if core.hasNews { fleet.turn(until: .immediately, stop: stop) }
        while true {
            if core.take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
            if stop.isRaised { return .stopped }
            if deadline.hasPassed {
                if deadline != .immediately, let failure = fleet.failure { throw failure }
                return .deadlinePassed
            }
            // Whoever asked a moment ago may have the next request.
            fleet.watch(until: deadline, stop: stop)
        }
    }

    func reply(to position: Int, with batch: borrowing Batch, _ index: Int) throws(TransportError) -> Bool {
        fleet.enter()
        defer { fleet.leave(isUrgent: fleet.hasOutput) }
        let frames = batch.frames(of: index)
        return core.reply(to: position, with: batch.bytes(of: index), frames: frames)
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        guard case .acknowledge = settlement else { throw TransportError(.unsupported, "a request cannot be put back") }
        fleet.whileHere { core.forget(positions) }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        fleet.enter()
        defer { fleet.leave() }
        guard !fleet.isClosed else { return }
        core.leave(until: deadline.earlier(.after(Fleet.farewell)))
        fleet.close()
    }

    var closingRemarks: [String] { core.malformed > 0 ? [.noRequests(core.malformed)] : [] }
}

extension String {
    static func noRequests(_ count: Int) -> String {
        "\(Quantity.count(count, "message")) without an empty frame in front of the body: dropped, as a REP socket does"
    }
}
