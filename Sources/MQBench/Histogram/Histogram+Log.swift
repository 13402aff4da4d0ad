public import MQCore

/// HdrHistogram's V2 encoding, so that every tool that draws or merges such histograms reads ours.
///
/// A header of 40 bytes (big endian), then the counts in order as zig-zag LEB128 of at most nine bytes; a negative
/// number stands for so many zeros. The compressed form is a zlib stream of that behind a header of its own.
extension Histogram {
    private static let plainCookie: UInt32 = 0x1c84_9303 | 0x10
    private static let compressedCookie: UInt32 = 0x1c84_9304 | 0x10
    private static let headerLength = 40
    private static let digits: UInt32 = 3
    /// What the counts of this type cover; readers size their tables by it.
    private static let highestTrackable = highest(at: length - 1)
    /// More would not be told apart as a Double, and no run measures it.
    private static let mostValues: UInt64 = 1 << 53

    /// The V2 encoding, not compressed.
    func encoded() -> [UInt8] {
        var payload: [UInt8] = []
        var zeros = 0
        // What follows the last value recorded is not written.
        let end = (counts.lastIndex { $0 > 0 } ?? 0) + 1
        for count in counts[..<end] {
            if count == 0 {
                zeros += 1
                continue
            }
            Self.append(zeros: zeros, to: &payload)
            zeros = 0
            Self.append(zigZag: Int64(count), to: &payload)
        }
        Self.append(zeros: zeros, to: &payload)
        var bytes: [UInt8] = []
        bytes.append(bigEndian: Self.plainCookie)
        bytes.append(bigEndian: UInt32(payload.count))
        bytes.append(bigEndian: UInt32(0))
        bytes.append(bigEndian: Self.digits)
        bytes.append(bigEndian: UInt64(1))
        bytes.append(bigEndian: UInt64(Self.highestTrackable))
        bytes.append(bigEndian: (1.0).bitPattern)
        return bytes + payload
    }

    /// The V2 compressed encoding.
    func compressed() -> [UInt8] {
        let stream = ZlibStore.wrap(encoded())
        var bytes: [UInt8] = []
        bytes.append(bigEndian: Self.compressedCookie)
        bytes.append(bigEndian: UInt32(stream.count))
        return bytes + stream
    }

    /// The V2 compressed encoding in base64, as a histogram log holds it.
    public var log: String {
        var text: [UInt8] = []
        compressed().withUnsafeBytes { Base64.encode($0, into: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads what `log` writes. Minimum, maximum and mean come back to three digits.
    /// - Throws: `malformed` with one sentence.
    public init(log: String) throws(TransportError) {
        guard let bytes = Base64.decode(Array(log.utf8)) else { throw Self.malformed("the base64 is broken") }
        try self.init(encoded: bytes)
    }

    /// Reads either encoding.
    /// - Throws: `malformed` with one sentence.
    init(encoded bytes: [UInt8]) throws(TransportError) {
        guard bytes.count >= 8 else { throw Self.malformed("it is cut off") }
        switch bytes.integer32(at: 0) {
        case Self.plainCookie: self = try Self.decode(plain: bytes)
        case Self.compressedCookie:
            guard bytes.count - 8 == Int(bytes.integer32(at: 4)) else { throw Self.malformed("it is cut off") }
            self = try Self.decode(plain: ZlibStore.unwrap(Array(bytes[8...])))
        default: throw Self.malformed("it is not in HdrHistogram's V2 encoding")
        }
    }

    private static func decode(plain bytes: [UInt8]) throws(TransportError) -> Histogram {
        guard bytes.count >= headerLength, bytes.integer32(at: 0) == plainCookie,
            Int(bytes.integer32(at: 4)) == bytes.count - headerLength
        else { throw malformed("it is cut off") }
        guard bytes.integer32(at: 12) == digits, bytes.integer32(at: 8) == 0, (0...1).contains(bytes.integer64(at: 16)) else {
            throw malformed("only histograms of three digits that begin at 1 are read")
        }
        return Histogram(counts: try counts(in: bytes[headerLength...]))
    }

    private static func counts(in payload: ArraySlice<UInt8>) throws(TransportError) -> [UInt64] {
        var counts = [UInt64](repeating: 0, count: length)
        var rest = payload
        var index = 0
        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let number = takeZigZag(&rest) else { throw malformed("it is cut off") }
            if number <= 0 {
                // A zero is one count of zero; Int64.min has no positive counterpart.
                let zeros = number == 0 ? 1 : Int(clamping: number.magnitude)
                guard zeros <= length - index else { throw malformed("it has more counts than values") }
                index += zeros
                continue
            }
            guard index < length else { throw malformed("it has more counts than values") }
            guard UInt64(number) <= mostValues - total else { throw malformed("it counts more than 2^53 values") }
            total += UInt64(number)
            counts[index] = UInt64(number)
            index += 1
        }
        return counts
    }

    private static func malformed(_ why: String) -> TransportError {
        TransportError(.malformed, "a histogram cannot be read: \(why)")
    }

    private static func append(zeros: Int, to bytes: inout [UInt8]) {
        if zeros > 0 { append(zigZag: zeros == 1 ? 0 : Int64(-zeros), to: &bytes) }
    }

    static func append(zigZag value: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        for _ in 0..<8 where rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        // The ninth byte, where there is one, carries eight bits.
        bytes.append(UInt8(rest))
    }

    static func takeZigZag(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        var value: UInt64 = 0
        for place in 0..<9 {
            guard let byte = bytes.popFirst() else { return nil }
            if place == 8 || byte < 0x80 {
                value |= UInt64(byte) << (7 * place)
                break
            }
            value |= UInt64(byte & 0x7f) << (7 * place)
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate func integer32(at offset: Int) -> UInt32 { self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    fileprivate func integer64(at offset: Int) -> UInt64 { self[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) } }
}
