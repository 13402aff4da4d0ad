import Glibc

/// Bytes of one peer that were read and not taken yet. It grows with what comes, never with what is announced.
struct InputBuffer: ~Copyable {
    /// Enough for any handshake; a peer that sends more gets more.
    private static let smallest = 4 << 10
    /// More is slower beside other work, by what the cache holds.
    static let standard = 256 << 10

    private var base: UnsafeMutableRawPointer
    private var capacity = smallest
    private var start = 0
    private var end = 0

    init() { base = .allocate(byteCount: capacity, alignment: 16) }

    deinit { base.deallocate() }

    var unread: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }
    var isEmpty: Bool { start == end }

    mutating func consume(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= end - start)
        start += bytes
        if start == end { (start, end) = (0, 0) }
    }

    /// Room for what is read next, at the end.
    mutating func room() -> UnsafeMutableRawBufferPointer {
        if start > 0 && capacity - end < capacity / 2 {
            memmove(base, base + start, end - start)
            (start, end) = (0, end - start)
        }
        if end == capacity { grow(to: capacity < Self.standard ? min(capacity * 8, Self.standard) : capacity * 2) }
        return UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
    }

    /// Counts bytes that were written into `room`.
    mutating func filled(_ bytes: Int) {
        end += bytes
        // Somebody who fills it has more to say.
        if end == capacity && capacity < Self.standard { grow(to: min(capacity * 8, Self.standard)) }
    }

    /// Puts bytes in front of those that are there.
    mutating func putBack(_ head: [UInt8], _ body: UnsafeRawBufferPointer) {
        let (rest, front) = (end - start, head.count + body.count)
        if capacity < front + rest { grow(to: max(Self.standard, front + rest)) }
        memmove(base + front, base + start, rest)
        head.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        if let bytes = body.baseAddress { (base + head.count).copyMemory(from: bytes, byteCount: body.count) }
        (start, end) = (0, front + rest)
    }

    private mutating func grow(to size: Int) {
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        fresh.copyMemory(from: base + start, byteCount: end - start)
        base.deallocate()
        (base, capacity, start, end) = (fresh, size, 0, end - start)
    }

    /// What one large message needed is not kept for ever.
    mutating func shrink() {
        guard capacity > 4 * Self.standard, isEmpty else { return }
        base.deallocate()
        capacity = Self.standard
        base = .allocate(byteCount: capacity, alignment: 16)
    }
}
