internal import CBytes
import Glibc

extension Batch {
    /// Writes `terminator` into the gap behind every body from `first` on; the gap must have that size.
    public mutating func writeTerminators(_ terminator: [UInt8], from first: Int = 0) {
        precondition(gap.after == terminator.count && first >= 0 && first <= count)
        if terminator.count == 1 {
            let byte = terminator[0]
            for index in first..<count { base.storeBytes(of: byte, toByteOffset: spans[index].end, as: UInt8.self) }
        } else {
            for index in first..<count {
                UnsafeMutableRawBufferPointer(start: base + spans[index].end, count: terminator.count).copyBytes(from: terminator)
            }
        }
    }

    /// Writes the length of each body from `first` on into the four bytes before it, big-endian.
    public mutating func writeLengths(from first: Int = 0) {
        precondition(gap.before == 4 && first >= 0 && first <= count)
        for index in first..<count {
            let length = UInt32(truncatingIfNeeded: spans[index].end - spans[index].start).bigEndian
            base.storeBytes(of: length, toByteOffset: spans[index].start - 4, as: UInt32.self)
        }
    }

    /// The first body of `range`, or of all, in which `terminator` occurs, which would end it early on the way back.
    public func firstContaining(_ terminator: [UInt8], in range: Range<Int>? = nil) -> Int? {
        let range = range ?? 0..<count
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if terminator.count == 1 && holdsNone(of: terminator[0], range) { return nil }
        for index in range {
            let span = spans[index]
            let size = span.end - span.start
            let found =
                terminator.count == 1
                ? memchr(base + span.start, CInt(terminator[0]), size).map { UnsafeRawPointer($0) }
                : ByteSearch.find(terminator, in: base + span.start, size)
            if found != nil { return index }
        }
        return nil
    }

    /// Whether a byte is surely in no body of `range`, found out in one go: it occurs as often as in the gaps between them.
    private func holdsNone(of byte: UInt8, _ range: Range<Int>) -> Bool {
        guard !hasLoans, gap == Gap(after: 1), let last = range.last else { return false }
        let (start, end) = (spans[range.lowerBound].start, spans[last].end)
        // Records that were marked lie anywhere; and of long bodies each is looked through as fast.
        guard end - start == payloadBytes(range) + range.count - 1, end - start < 1024 * range.count else { return false }
        var between = 0
        for index in range.lowerBound..<last where base.load(fromByteOffset: spans[index].end, as: UInt8.self) == byte { between += 1 }
        return cbytes_count(base + start, end - start, byte) == between
    }

    /// The first body of `range` that would end early on the way back: `terminator` occurs in it, or across its end, as when
    /// a body that ends in `X` is ended by `XX`.
    public func firstAmbiguous(_ terminator: [UInt8], in range: Range<Int>) -> Int? {
        let contained = firstContaining(terminator, in: range)
        // So far may the terminator be shifted against itself, and so much of it must the body then end with.
        let shifts = terminator.indices.dropFirst().filter { terminator.dropFirst($0).elementsEqual(terminator.dropLast($0)) }
        if shifts.isEmpty { return contained }
        let crossing = (range.lowerBound..<(contained ?? range.upperBound)).first { index in
            let body = bytes(of: index)
            return shifts.contains { body.count >= $0 && body.suffix($0).elementsEqual(terminator.prefix($0)) }
        }
        return crossing ?? contained
    }

    /// How many messages from `first` on lie whole within the first `bytes` of their image.
    public func messagesWithin(_ bytes: Int, from first: Int = 0) -> Int {
        precondition(first >= 0 && first <= count)
        var end = first
        while end < count && spans[end].end + gap.after - (spans[first].start - gap.before) <= bytes { end += 1 }
        return end - first
    }

    /// The bytes of appended messages, gaps included: framed output, once the gaps are written.
    public func image(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard let last = range.last else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = spans[range.lowerBound].start - gap.before
        return UnsafeRawBufferPointer(start: base + start, count: spans[last].end + gap.after - start)
    }
}
