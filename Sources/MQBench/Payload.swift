internal import Glibc
internal import MQCore

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

/// What stands behind the stamp: content decides what compression and page sharing make of it.
enum Payload {
    static let words = ["random", "zero", "seq"]

    /// A batch of `count` messages of `size` bytes; the stamps are written for each sending.
    static func batch(_ kind: String, size: Int, count: Int, seed: UInt64) throws(TransportError) -> Batch {
        var batch = Batch(byteCapacity: max(256, size * count))
        var random = SplitMix(state: seed)
        let file = words.contains(kind) ? [] : try LocalFile.contents(of: kind, limit: 1 << 30)
        if !words.contains(kind) && file.isEmpty { throw TransportError(.usage, "--payload \(kind): the file is empty") }
        var position = 0
        for _ in 0..<count {
            let place = UnsafeMutableBufferPointer(start: batch.reserve(size).assumingMemoryBound(to: UInt8.self), count: size)
            switch kind {
            case "random": for index in 0..<size { place[index] = UInt8(truncatingIfNeeded: random.next()) }
            case "zero": place.update(repeating: 0)
            case "seq": for index in 0..<size { place[index] = UInt8(truncatingIfNeeded: index) }
            default: for index in 0..<size { place[index] = file[(position + index) % file.count] }
            }
            position += size
            batch.commit(size)
        }
        return batch
    }
}

/// Sebastiano Vigna's SplitMix64: the same bytes for the same seed, on every machine.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
