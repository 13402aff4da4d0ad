import MQCore

/// Breaks one promise of a receiver; what it does not break passes as it is.
final class BrokenReceiver: Receiver {
    private let base: any Receiver
    private let fault: Fault
    /// The position of the first message of the last call.
    private var start = 0

    init(_ base: any Receiver, _ fault: Fault) { (self.base, self.fault) = (base, fault) }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        let (seen, bound) = fault.bounds(deadline, stop)
        if fault == .drops {
            var lost = Batch()
            _ = try base.receive(into: &lost, limit: 1, byteLimit: 1, until: .immediately, stop: seen)
            if lost.count > 0 { try base.settle(last: 1, as: .acknowledge) }
        }
        let first = batch.count
        start = base.handedOver
        let outcome = try base.receive(
            into: &batch, limit: fault == .takesOneTooMany ? limit + 1 : limit, byteLimit: byteLimit, until: bound, stop: seen)
        if fault == .comesLate { _ = Readiness.sleep(until: .after(.milliseconds(70)), stop: StopFlag()) }
        if fault == .changesABody && batch.count > first && batch.size(of: first) > 0 {
            batch.start(of: first).storeBytes(of: 0xff, as: UInt8.self)
        }
        return outcome
    }

    var handedOver: Int { base.handedOver }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        if fault == .countsPositionsInABatch && positions.upperBound <= start {
            return try base.settle(positions.lowerBound + start..<positions.upperBound + start, as: settlement)
        }
        try base.settle(positions, as: fault == .losesWhatIsPutBack ? .acknowledge : settlement)
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try base.close(until: deadline, stop: stop) }
}
