/// The first bytes of every message of a benchmark: in which run, who sent it, which one it is, and when it was due.
///
/// | bytes | |
/// |---|---|
/// | 0–7 | sequence number (40 bits), producer (8 bits above), run (16 bits above) |
/// | 8–15 | when it was due, monotonic nanoseconds |
/// | 16–23 | when it was really sent; absent in messages under 24 bytes |
struct Stamp {
    static let smallest = 16
    static let withSendTime = 24

    /// Tells the messages of two benchmarks on one queue apart, and those of two phases of one.
    var run: UInt16
    var producer: Int
    var sequence: Int
    var due: UInt64

    static func write(
        _ place: UnsafeMutableRawPointer, size: Int, run: UInt16, producer: Int, sequence: Int, due: UInt64, sent: UInt64
    ) {
        place.storeBytes(of: UInt64(run) << 48 | UInt64(producer) << 40 | UInt64(sequence), as: UInt64.self)
        place.storeBytes(of: due, toByteOffset: 8, as: UInt64.self)
        if size >= withSendTime { place.storeBytes(of: sent, toByteOffset: 16, as: UInt64.self) }
    }

    /// The first eight bytes: those of the producer's next message are one more.
    static func word(_ bytes: UnsafeRawPointer) -> UInt64 { bytes.loadUnaligned(as: UInt64.self) }

    /// `nil` for a message that is too short to be one of ours.
    init?(_ bytes: UnsafeRawPointer, size: Int) {
        guard size >= Self.smallest else { return nil }
        let word = Self.word(bytes)
        run = UInt16(truncatingIfNeeded: word >> 48)
        producer = Int(word >> 40 & 0xff)
        sequence = Int(word & 0xff_ffff_ffff)
        due = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    static func sendTime(_ bytes: UnsafeRawPointer) -> UInt64 { bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self) }
}
