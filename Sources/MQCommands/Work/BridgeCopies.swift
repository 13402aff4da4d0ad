import MQCore

/// How many destinations have yet to confirm each message that goes to all of them.
struct BridgeCopies {
    private static let closed = UInt8.max

    /// From `first` on, by position.
    private var left: [UInt8] = []
    private var head = 0
    private var first = 0

    mutating func begin(_ positions: Range<Int>, copies: Int) {
        if head == left.count {
            left.removeAll(keepingCapacity: true)
            (head, first) = (0, positions.lowerBound)
        }
        // What was not begun in between is nobody's.
        left.append(contentsOf: repeatElement(Self.closed, count: positions.lowerBound - first - (left.count - head)))
        left.append(contentsOf: repeatElement(UInt8(copies), count: positions.count))
    }

    /// Takes the verdict of one destination.
    /// - Returns: the positions for which it is the verdict: the last that is done, or the first that is not.
    mutating func hear(_ verdict: Verdict) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for position in verdict.positions {
            let index = head + position - first
            guard left.indices.contains(index), index >= head, left[index] != Self.closed else { continue }
            if case .done = verdict.fate {
                left[index] -= 1
                if left[index] > 0 { continue }
            }
            left[index] = Self.closed
            result.add(position..<position + 1)
        }
        trim()
        return result
    }

    /// Whether some destination has confirmed a message that another has not taken.
    func isPartlyThere(_ position: Int, copies: Int) -> Bool {
        let index = head + position - first
        return left.indices.contains(index) && index >= head && left[index] < copies
    }

    private mutating func trim() {
        while head < left.count && left[head] == Self.closed {
            head += 1
            first += 1
        }
        guard head > 4096, head > left.count / 2 else { return }
        left.removeFirst(head)
        head = 0
    }
}
