import MQCore

extension TransportError {
    /// The queue went away under an endpoint.
    static var memoryQueueRemoved: TransportError { TransportError(.noSuchQueue, "queue was removed") }
}

final class MemorySender: Sender {
    private let queue: MemoryQueue
    private let defaults: MessageProperties
    private var patience = MemoryPatience()
    private(set) var confirmed = 0

    init(queue: MemoryQueue, defaults: MessageProperties) {
        self.queue = queue
        self.defaults = defaults
        queue.addSender()
    }

    deinit { queue.removeSender() }

    var maximumMessageSize: Int? { queue.bounds.largestMessage }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        queue.bounds.largestMessage.flatMap { batch.firstOver($0, range) }
    }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        var accepted = 0
        while accepted < range.count {
            let start = range.lowerBound + accepted
            // No more at once than can ever fit, or a copy of all would be made for the sake of a part.
            let piece = start..<min(range.upperBound, start + queue.bounds.depth)
            let chunk = MemoryChunk(batch, piece, defaults: defaults)
            let count = try push(MemorySegment(chunk: chunk, range: 0..<piece.count), until: deadline, stop: stop)
            accepted += count
            confirmed += count
            if count < piece.count { break }
        }
        return accepted
    }

    private func push(_ segment: MemorySegment, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        var rest = segment
        patience.begin()
        while !rest.range.isEmpty {
            if stop.isRaised { break }
            let bell = try patience.bellIfTired()
            switch queue.push(rest, bell: bell) {
            case .accepted(let count):
                _ = rest.split(count)
                patience.begin()
            case .removed: throw .memoryQueueRemoved
            case .full:
                guard case .ready = patience.wait(bell, queue, until: deadline, stop: stop) else {
                    return segment.range.count - rest.range.count
                }
            }
        }
        return segment.range.count - rest.range.count
    }

    /// Nothing to wait for: what was accepted is in the queue.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
}

extension Batch {
    /// The first message over `limit` bytes.
    borrowing func firstOver(_ limit: Int, _ range: Range<Int>) -> Refusal? {
        for index in range where size(of: index) > limit {
            return Refusal(index: index, error: .tooLarge(size(of: index), limit: limit))
        }
        return nil
    }
}
