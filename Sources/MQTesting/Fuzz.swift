import Glibc

/// Random numbers that come again with the same seed (SplitMix64, Steele and others, 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// Up to `limit` bytes out of `alphabet`, short ones more often than long ones.
    public mutating func bytes(upTo limit: Int, of alphabet: [UInt8]? = nil) -> [UInt8] {
        let count = Int.random(in: 0...Int.random(in: 0...limit, using: &self), using: &self)
        return (0..<count).map { _ in alphabet?.randomElement(using: &self) ?? UInt8.random(in: 0...255, using: &self) }
    }

    /// `bytes` in pieces of random sizes.
    public mutating func pieces(_ bytes: [UInt8], upTo limit: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = Int.random(in: 1...limit, using: &self)
            result.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return result
    }
}

/// Rounds of random input, bounded in time.
///
/// Each round has a seed of its own, which its expectations show. `MQ_FUZZ_SEED=N` repeats that round alone;
/// `MQ_FUZZ_SECONDS=N` goes on longer.
public enum Fuzz {
    /// - Returns: how many rounds there were; a test that expects some cannot pass without having tried.
    @discardableResult
    public static func rounds(for duration: Duration = .seconds(2), _ round: (inout SeededGenerator, _ seed: UInt64) throws -> Void)
        rethrows -> Int
    {
        if let seed = number("MQ_FUZZ_SEED") {
            var generator = SeededGenerator(seed: UInt64(seed))
            try round(&generator, UInt64(seed))
            return 1
        }
        let end = ContinuousClock.now + (number("MQ_FUZZ_SECONDS").map { .seconds($0) } ?? duration)
        var seed: UInt64 = 0
        while seed == 0 || ContinuousClock.now < end {
            seed += 1
            var generator = SeededGenerator(seed: seed)
            try round(&generator, seed)
        }
        return Int(seed)
    }

    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
