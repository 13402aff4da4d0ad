import MQCore

final class FaultyReceiver: Receiver {
    private let base: any Receiver
    private var stalls: StallClock
    private var toll: Toll
    private let isSlow: Bool

    init(_ base: any Receiver, _ faults: Faults) {
        self.base = base
        stalls = StallClock(faults.receiverStall)
        toll = Toll(faults.receiveTime)
        isSlow = faults.receiveTime > .zero
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        stalls.pass(stop)
        let before = batch.count
        // One at a time, or the first would wait for the time that the others take.
        let outcome = try base.receive(into: &batch, limit: isSlow ? 1 : limit, byteLimit: byteLimit, until: deadline, stop: stop)
        toll.pay(batch.count - before, stop)
        return outcome
    }

    var handedOver: Int { base.handedOver }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        try base.settle(positions, as: settlement)
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try base.close(until: deadline, stop: stop) }
    var closingRemarks: [String] { base.closingRemarks }
}
