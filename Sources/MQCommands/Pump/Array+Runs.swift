extension [Range<Int>] {
    /// Appends a range, as part of the last one where it goes on from there.
    mutating func add(_ range: Range<Int>) {
        if range.isEmpty { return }
        if let last, last.upperBound == range.lowerBound {
            self[count - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }

    /// Takes the first `number` numbers off, in runs.
    mutating func takeFirst(_ number: Int) -> [Range<Int>] {
        var (result, left) = ([Range<Int>](), number)
        while left > 0, let range = first {
            let part = range.prefix(left)
            result.append(part)
            left -= part.count
            if part.count == range.count { removeFirst() } else { self[0] = part.upperBound..<range.upperBound }
        }
        return result
    }
}
