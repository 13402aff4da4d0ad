import Glibc
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

@Suite("An interval by ranks", .timeLimit(.minutes(1)))
struct RankIntervalTests {
    /// Mann and Whitney's table, two-sided at 5 %.
    @Test(
        "leaves out as many ratios as the published table",
        arguments: [
            (4, 4, 0), (5, 5, 2), (5, 8, 6), (6, 6, 5), (8, 8, 13), (10, 10, 23), (10, 15, 39), (15, 15, 64), (20, 20, 127),
        ])
    func table(first: Int, second: Int, critical: Int) {
        #expect(RankInterval.critical(first, second) == critical)
        #expect(RankInterval.critical(second, first) == critical)
    }

    @Test("spans all ratios of samples that are too small for 95 %, and is none of a single figure")
    func small() {
        #expect(RankInterval.critical(3, 3) == 0)
        #expect(RankInterval.ratio([1, 2], [4, 8]) == 2...8)
        #expect(RankInterval.ratio([1], [1, 2, 3]) == nil)
        #expect(RankInterval.ratio([0, 0, 5], [1, 2, 3]) == nil, "a rate of zero has no ratio")
    }

    @Test("holds the true ratio of noisy windows 95 times in 100", arguments: [1.0, 0.8, 1.5])
    func windows(ratio: Double) {
        let covered = (0..<400).count { seed in
            var random = SeededGenerator(seed: UInt64(seed))
            let old = (0..<5).map { _ in 1000 * exp(Self.normal(&random) * 0.05) }
            let new = (0..<5).map { _ in ratio * 1000 * exp(Self.normal(&random) * 0.05) }
            return RankInterval.ratio(old, new)!.contains(ratio)
        }
        // Five and five give 96.8 %; three standard deviations of 400 trials are 2.6 %.
        #expect((375...400).contains(covered), "\(covered)")
    }

    @Test("holds the true ratio of a percentile of two histograms", arguments: [(0.5, 1.25), (0.99, 0.7)])
    func percentiles(share: Double, ratio: Double) throws {
        let covered = try (0..<60).count { seed in
            var random = SeededGenerator(seed: UInt64(seed))
            var (old, new) = (Histogram(), Histogram())
            for _ in 0..<2000 {
                old.record(Int(100_000 * exp(Self.normal(&random) * 0.5)))
                new.record(Int(ratio * 100_000 * exp(Self.normal(&random) * 0.5)))
            }
            return try #require(RankInterval.ratio(old, new, at: share)).contains(ratio)
        }
        // 57 are expected, and three standard deviations are 5.
        #expect(covered >= 52, "\(covered)")
    }

    @Test("is never narrower than what three digits tell apart")
    func digits() throws {
        var same = Histogram()
        for _ in 0..<10_000 { same.record(5000) }
        let interval = try #require(RankInterval.ratio(same, same, at: 0.5))
        #expect(interval.lowerBound < 0.9991 && interval.upperBound > 1.0009)
    }

    /// Box and Muller's.
    private static func normal(_ random: inout SeededGenerator) -> Double {
        (-2 * log(Double.random(in: .leastNonzeroMagnitude...1, using: &random))).squareRoot()
            * cos(2 * .pi * Double.random(in: 0...1, using: &random))
    }
}
