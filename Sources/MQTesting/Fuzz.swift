import Glibc
public import MQStandIns

/// Rounds of random input, bounded in time.
///
/// Each round has a seed of its own, which its expectations show. `MQ_FUZZ_SEED=N` repeats that round alone;
/// `MQ_FUZZ_SECONDS=N` goes on longer.
public enum Fuzz {
    /// - Returns: how many rounds there were; a test that expects some cannot pass without having tried.
    @discardableResult
    public static func rounds(for duration: Duration = .milliseconds(300), _ round: (inout SeededGenerator, _ seed: UInt64) throws -> Void)
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
