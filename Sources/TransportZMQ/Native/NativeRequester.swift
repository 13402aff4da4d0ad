import MQCore
import ZMTP

/// Makes requests by the native engine: REQ, DEALER.
final class NativeRequester: Requester {
    private let core: RequestingCore
    private let fleet: Fleet

    /// - Parameter isNumbered: whether requests carry a number, which tells a late reply from the one that is awaited.
    init(_ fleet: Fleet, isNumbered: Bool) throws(TransportError) {
        self.fleet = fleet
        core = RequestingCore(fleet, isNumbered: isNumbered)
        try fleet.start(for: core)
    }

    deinit { fleet.end() }

    var hasMetPeer: Bool { fleet.whileHere { fleet.handshakes > 0 } }
    var strays: Int { fleet.whileHere { core.strays } }

    var obstacle: TransportError {
        fleet.whileHere { fleet.failure ?? .noPeer(fleet.absence) }
    }

    func refusal(in batch: borrowing Batch, _ index: Int) -> TransportError? {
        ZMQSender.refusalOfFrames(in: batch, index..<index + 1)?.error
    }

    func request(
        _ batch: borrowing Batch, _ index: Int, attempt: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Bool {
        fleet.enter()
        defer { fleet.leave() }
        // What has come since the last call answers nothing that is asked now.
        fleet.turn(until: .immediately)
        while true {
            if core.ask(batch, index, isNew: attempt == 0) { return true }
            if stop.isRaised || deadline.hasPassed { return false }
            _ = fleet.turn(until: deadline, stop: stop)
        }
    }

    func reply(into batch: inout Batch, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Outcome {
        fleet.enter()
        defer { fleet.leave() }
        while true {
            if core.takeReply(into: &batch) { return .received }
            if core.asked == nil { return .ended }
            if stop.isRaised { return .stopped }
            if deadline.hasPassed { return .deadlinePassed }
            fleet.watch(until: deadline, stop: stop)
        }
    }
}
