internal import CBytes
internal import Glibc

extension Batch {
    /// From so many bytes on a record counts as long: the C library looks for its end, and for that of the next.
    private static let long = 256

    /// Marks the records at the front of `unframed` that end in one byte.
    /// - Parameters:
    ///   - scanned: so many bytes at the front are known to hold no terminator.
    ///   - limit: the longest record that is marked, in bytes.
    /// - Returns: the length of a record above `limit` that stands at the front then; `nil` when no terminator is left.
    mutating func markRecords(endingIn terminator: UInt8, scanned: Int, limit: Int) -> Int? {
        let bytes = UnsafeRawPointer(base)
        var (start, place) = (framed, framed + scanned)
        defer { framed = start }
        while place < used {
            var found = Self.mask(bytes + place, used - place, terminator)
            place += 64
            if found == 0 {
                guard place - start >= Self.long, place < used else { continue }
                var isLong: Bool
                repeat {
                    guard let next = memchr(bytes + place, CInt(terminator), used - place) else { return nil }
                    let end = bytes.distance(to: next)
                    if end - start > limit { return end - start }
                    appendSpan(start: start, end: end)
                    isLong = end - start >= Self.long
                    start = end + 1
                    place = start
                } while isLong && place < used
                continue
            }
            let block = place - 64
            repeat {
                let end = block + found.trailingZeroBitCount
                if end - start > limit { return end - start }
                appendSpan(start: start, end: end)
                start = end + 1
                found &= found - 1
            } while found != 0
        }
        return nil
    }

    /// A bit for each of the first 64 of `count` bytes that is the terminator.
    private static func mask(_ bytes: UnsafeRawPointer, _ count: Int, _ terminator: UInt8) -> UInt64 {
        if count >= 64 { return cbytes_equal(bytes, terminator) }
        var mask: UInt64 = 0
        for index in 0..<count where bytes.load(fromByteOffset: index, as: UInt8.self) == terminator { mask |= 1 << UInt64(index) }
        return mask
    }
}
