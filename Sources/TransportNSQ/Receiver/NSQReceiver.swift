internal import MQCore
internal import Synchronization

/// Consumes a channel, or shows what is in it.
final class NSQReceiver: Receiver {
    private let fleet: Fleet<ReceiveCrew>
    /// Keeps the topic of `nsq:temp`.
    private let temporary: TemporaryTopic?
    private var isClosed = false
    private(set) var closingRemarks: [String] = []
    private(set) var handedOver = 0

    init(_ fleet: Fleet<ReceiveCrew>, temporary: TemporaryTopic?) { (self.fleet, self.temporary) = (fleet, temporary) }

    deinit {
        if !isClosed { leave(until: .after(.seconds(1)), stop: StopFlag()) }
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if limit <= 0 { return .received }
        if isClosed { return .ended }
        let fleet = fleet
        let before = batch.count
        defer { handedOver += batch.count - before }
        return try fleet.crew.withLock { (crew) throws(TransportError) in
            try crew.receive(into: &batch, limit: limit, byteLimit: byteLimit, fleet, until: deadline, stop: stop)
        }
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        fleet.crew.withLock { $0.settle(positions, as: settlement) }
    }

    func sendSettled() { fleet.crew.withLock { $0.sendSettled() } }

    var lostLeases: Int {
        let fleet = fleet
        return fleet.crew.withLock { $0.lost }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { leave(until: deadline, stop: stop) }

    private func leave(until deadline: Deadline, stop: StopFlag) {
        if isClosed { return }
        isClosed = true
        let fleet = fleet
        closingRemarks = fleet.crew.withLock { crew in
            crew.leave(fleet, until: deadline, stop: stop)
            return crew.remarks
        }
        fleet.disband()
    }
}
