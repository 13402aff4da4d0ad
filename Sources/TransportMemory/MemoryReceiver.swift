import MQCore

final class MemoryReceiver: Receiver {
    private let queue: MemoryQueue
    private let endsWithLastSender: Bool
    private var patience = MemoryPatience()
    private var taken: [MemorySegment] = []
    private var unsettled = MemoryUnsettled()

    init(queue: MemoryQueue, endsWithLastSender: Bool) {
        self.queue = queue
        self.endsWithLastSender = endsWithLastSender
    }

    deinit { queue.putBack(unsettled.takeAll(), after: nil) }

    var handedOver: Int { unsettled.next }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        patience.begin()
        while true {
            if stop.isRaised { return .stopped }
            let bell = try patience.bellIfTired()
            let found = queue.take(
                limit: limit, byteLimit: byteLimit, into: &taken, endsWithLastSender: endsWithLastSender, bell: bell)
            switch found {
            case .taken:
                for segment in taken {
                    unsettled.add(segment)
                    segment.append(to: &batch)
                }
                taken.removeAll(keepingCapacity: true)
                return .received
            case .removed: throw .memoryQueueRemoved
            case .ended: return .ended
            case .empty(let due):
                switch patience.wait(bell, queue, until: deadline, or: due, stop: stop) {
                case .ready: continue
                case .stopped: return .stopped
                case .deadlinePassed: return .deadlinePassed
                }
            }
        }
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        let settled = try unsettled.take(positions)
        if case .requeue(let delay) = settlement { queue.putBack(settled, after: max(delay, .zero)) }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        queue.putBack(unsettled.takeAll(), after: nil)
    }
}
