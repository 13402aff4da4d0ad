import Glibc

extension Batch {
    /// Writes `terminator` into the gap behind every body from `first` on; the gap must have that size.
    public mutating func writeTerminators(_ terminator: [UInt8], from first: Int = 0) {
        precondition(gap.after == terminator.count)
        if terminator.count == 1 {
            let byte = terminator[0]
            for index in first..<count { base.storeBytes(of: byte, toByteOffset: spans[index].end, as: UInt8.self) }
        } else {
            for index in first..<count {
                UnsafeMutableRawBufferPointer(start: base + spans[index].end, count: terminator.count).copyBytes(from: terminator)
            }
        }
    }

    /// Writes each body's length into the four bytes before it, big-endian.
    public mutating func writeLengths() {
        precondition(gap.before == 4)
        for index in 0..<count {
            let length = UInt32(truncatingIfNeeded: spans[index].end - spans[index].start).bigEndian
            base.storeBytes(of: length, toByteOffset: spans[index].start - 4, as: UInt32.self)
        }
    }

    /// The first body in which `terminator` occurs, which would end it early on the way back.
    public func firstContaining(_ terminator: [UInt8]) -> Int? {
        for index in 0..<count {
            let span = spans[index]
            let size = span.end - span.start
            let found =
                terminator.count == 1
                ? memchr(base + span.start, CInt(terminator[0]), size).map { UnsafeRawPointer($0) }
                : findBytes(terminator, in: base + span.start, size)
            if found != nil { return index }
        }
        return nil
    }

    /// How many messages from the front lie whole within the first `bytes` of `image`.
    public func messagesWithin(_ bytes: Int) -> Int {
        var whole = 0
        while whole < count && spans[whole].end + gap.after <= bytes { whole += 1 }
        return whole
    }
}
