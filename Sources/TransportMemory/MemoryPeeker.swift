import MQCore

/// Shows what was in the queue when it was first asked, and ends.
final class MemoryPeeker: Receiver {
    private let queue: MemoryQueue
    private var rest: [MemorySegment]?
    private(set) var handedOver = 0

    init(queue: MemoryQueue) { self.queue = queue }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if stop.isRaised { return .stopped }
        if rest == nil { rest = queue.snapshot }
        guard var segments = rest else { throw .memoryQueueRemoved }
        if segments.isEmpty { return .ended }
        var (messages, bytes) = (limit, byteLimit)
        while messages > 0, bytes > 0, var segment = segments.first {
            let start = segment.range.lowerBound
            let end = segment.chunk.end(from: start, to: start + min(segment.range.count, messages), byteLimit: bytes)
            let part = segment.split(end - start)
            if segment.range.isEmpty { segments.removeFirst() } else { segments[0] = segment }
            part.append(to: &batch)
            messages -= part.range.count
            bytes -= part.bytes
            handedOver += part.range.count
        }
        rest = segments
        return .received
    }

    /// Nothing was taken, so there is nothing to settle.
    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {}
}
