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

/// What a receiver holds and has not settled yet, by position.
struct MemoryUnsettled {
    private struct Run {
        var first: Int
        var segment: MemorySegment
        var end: Int { first + segment.range.count }
    }

    /// In ascending order, without overlap.
    private var runs: [Run] = []
    private(set) var next = 0

    /// Takes note of a segment that is handed over.
    mutating func add(_ segment: MemorySegment) {
        runs.append(Run(first: next, segment: segment))
        next += segment.range.count
    }

    mutating func takeAll() -> [MemorySegment] {
        defer { runs = [] }
        return runs.map(\.segment)
    }

    /// - Throws: `failure` when one of them is not unsettled here; none is taken then.
    mutating func take(_ positions: Range<Int>) throws(TransportError) -> [MemorySegment] {
        if positions.isEmpty { return [] }
        let first = place(of: positions.lowerBound)
        var (last, next) = (first, positions.lowerBound)
        while next < positions.upperBound {
            guard last < runs.count, runs[last].first <= next else {
                throw TransportError(.failure, "message \(next) is settled already or was not received here")
            }
            next = runs[last].end
            last += 1
        }
        var (result, rest) = ([MemorySegment](), [Run]())
        for var run in runs[first..<last] {
            let part = positions.clamped(to: run.first..<run.end)
            if run.first < part.lowerBound {
                rest.append(Run(first: run.first, segment: run.segment.split(part.lowerBound - run.first)))
            }
            result.append(run.segment.split(part.count))
            if !run.segment.range.isEmpty { rest.append(Run(first: part.upperBound, segment: run.segment)) }
        }
        runs.replaceSubrange(first..<last, with: rest)
        return result
    }

    /// The first run that ends behind a position.
    private func place(of position: Int) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension MemorySegment {
    /// Appends these messages to a batch.
    func append(to batch: inout Batch) {
        for index in range {
            chunk.append(index, to: &batch)
            if batch.wantsProperties { batch.setProperties(properties(index)) }
        }
    }

    private func properties(_ index: Int) -> MessageProperties {
        var result = chunk.properties.isEmpty ? MessageProperties() : chunk.properties[index]
        result.timestamp = chunk.acceptedAt
        result.attempts = attempts + 1
        return result
    }
}

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
