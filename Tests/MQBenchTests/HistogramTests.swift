import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

@Suite("A histogram", .timeLimit(.minutes(1)))
struct HistogramTests {
    @Test("agrees with sorted values to three digits", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func percentiles(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let values = (0..<5000).map { _ in Int(exp(Double.random(in: 0...25, using: &random))) }.sorted()
        var histogram = Histogram()
        for value in values { histogram.record(value) }
        #expect(histogram.count == values.count && histogram.minimum == values.first && histogram.maximum == values.last)
        for share in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((share * Double(values.count)).rounded(.up)) - 1)]
            let found = histogram.value(at: share)
            #expect(Double(abs(found - exact)) <= Double(exact) / 1000 + 1, "\(share): \(found) for \(exact)")
        }
    }

    @Test("counts small values exactly and puts each bucket where it belongs")
    func buckets() {
        for value in Array(0..<5000) + [1 << 20, 1 << 30, (1 << 40) + 12345] {
            let index = Histogram.index(of: value)
            #expect(Histogram.lowest(at: index) <= value && value <= Histogram.highest(at: index))
        }
        #expect(Histogram.lowest(at: 2047) == 2047 && Histogram.highest(at: 2047) == 2047)
        #expect(Histogram.lowest(at: 2048) == 2048 && Histogram.highest(at: 2048) == 2049)
    }

    @Test("merged with another is that of both, and survives its own log")
    func mergeAndLog() throws {
        let (first, second) = (Sample.histogram(median: 5000, seed: 3), Sample.histogram(median: 90_000, seed: 4))
        var both = first
        both.merge(second)
        #expect(both.count == first.count + second.count)
        let read = try Histogram(log: both.log)
        #expect(read.count == both.count && read.counts == both.counts)
    }

    @Test("from damaged bytes is refused, or is what it is written as")
    func fuzz() throws {
        let whole = Sample.histogram(median: 5000, count: 200)
        var survivors = 0
        let rounds = try Fuzz.rounds { random, seed in
            // Half of them inside of the checksum, which refuses nearly everything before it is looked at.
            let isPlain = seed % 2 == 0
            var bytes = isPlain ? whole.encoded() : Array(whole.log.utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32..<127, using: &random)
            }
            if random.next() % 4 == 0 { bytes.removeLast(Int.random(in: 0..<min(40, bytes.count), using: &random)) }
            let read = isPlain ? try? Histogram(encoded: bytes) : try? Histogram(log: String(decoding: bytes, as: UTF8.self))
            guard let read else { return }
            let again = try Histogram(log: read.log)
            #expect(again == read, "seed \(seed)")
            survivors += 1
        }
        #expect(survivors > 0 && survivors < rounds, "\(survivors) of \(rounds)")
    }
}
