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
                for segment in taken { segment.append(to: &batch, number: unsettled.add(segment)) }
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

    func settle(_ messages: Range<Int>, of batch: borrowing Batch, as settlement: Settlement) throws(TransportError) {
        let settled = try unsettled.take(messages, of: batch)
        if case .requeue(let delay) = settlement { queue.putBack(settled, after: max(delay, .zero)) }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        queue.putBack(unsettled.takeAll(), after: nil)
    }
}

/// What a receiver holds and has not settled yet.
///
/// Messages are numbered as they are delivered. A batch carries the number as a receipt on every 64th message only:
/// the numbers between follow from their distance, and a receipt for each would cost more than the message.
struct MemoryUnsettled {
    private struct Run {
        var first: Int
        var segment: MemorySegment
        var end: Int { first + segment.range.count }
    }

    static let receiptEvery = 64
    /// In ascending order, without overlap.
    private var runs: [Run] = []
    private var next = 0

    /// Takes note of a segment that is about to be appended to a batch.
    /// - Returns: the number of its first message.
    mutating func add(_ segment: MemorySegment) -> Int {
        defer { next += segment.range.count }
        runs.append(Run(first: next, segment: segment))
        return next
    }

    mutating func takeAll() -> [MemorySegment] {
        defer { runs = [] }
        return runs.map(\.segment)
    }

    /// - Throws: `failure` for a message that is not unsettled here.
    mutating func take(_ messages: Range<Int>, of batch: borrowing Batch) throws(TransportError) -> [MemorySegment] {
        var result: [MemorySegment] = []
        var index = messages.lowerBound
        while index < messages.upperBound {
            guard let number = Self.number(of: index, batch), let place = place(of: number) else {
                throw TransportError(.failure, "message \(index) of the batch is settled already or was not received here")
            }
            let count = min(runs[place].end - number, messages.upperBound - index)
            result.append(cut(number, count, from: place))
            index += count
        }
        return result
    }

    private static func number(of index: Int, _ batch: borrowing Batch) -> Int? {
        for distance in 0..<min(receiptEvery, index + 1) {
            let receipt = batch.receipt(of: index - distance)
            if receipt.count == 8 { return receipt.reduce(0) { $0 << 8 | Int($1) } + distance }
        }
        return nil
    }

    /// The run that holds the message of that number.
    private func place(of number: Int) -> Int? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= number { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].first <= number ? low : nil
    }

    private mutating func cut(_ number: Int, _ count: Int, from place: Int) -> MemorySegment {
        var run = runs[place]
        var pieces: [Run] = []
        if run.first < number { pieces.append(Run(first: run.first, segment: run.segment.split(number - run.first))) }
        let result = run.segment.split(count)
        if !run.segment.range.isEmpty { pieces.append(Run(first: number + count, segment: run.segment)) }
        runs.replaceSubrange(place...place, with: pieces)
        return result
    }
}

extension MemorySegment {
    /// Appends these messages to a batch.
    /// - Parameter number: of the first, to be recorded as receipts.
    func append(to batch: inout Batch, number: Int? = nil) {
        for index in range {
            chunk.append(index, to: &batch)
            let distance = index - range.lowerBound
            if let number, distance % MemoryUnsettled.receiptEvery == 0 {
                batch.setReceipt((0..<8).map { UInt8(truncatingIfNeeded: (number + distance) >> (56 - 8 * $0)) })
            }
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
        }
        rest = segments
        return .received
    }

    /// Nothing was taken, so there is nothing to settle.
    func settle(_ messages: Range<Int>, of batch: borrowing Batch, as settlement: Settlement) throws(TransportError) {}
}
