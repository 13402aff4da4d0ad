import MQCore

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
