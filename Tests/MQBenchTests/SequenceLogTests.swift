import MQTesting
import Testing

@testable import MQBench

/// What `SequenceLog` does, the slow way: every message in a list.
private struct NaiveLog {
    var seen: [Int] = []
    var received: Int { Set(seen).count }
    var duplicated: Int { seen.count - received }
    /// Messages, each at its first arrival, that came behind a later one.
    var reordered: Int {
        var highest = -1, count = 0
        var known = Set<Int>()
        for sequence in seen where known.insert(sequence).inserted {
            if sequence < highest { count += 1 }
            highest = max(highest, sequence)
        }
        return count
    }
}

extension SequenceLog {
    fileprivate init(_ sequence: some Sequence<Int>) {
        self.init()
        for number in sequence { _ = record(number) }
    }

    fileprivate var figures: [Int] { [received, duplicated, reordered] }
}

@Suite("A log of sequence numbers", .timeLimit(.minutes(1)))
struct SequenceLogTests {
    @Test(
        "Each arrival is what it is",
        arguments: [
            ([], [0, 0, 0]), ([0, 1, 2], [3, 0, 0]), ([2, 1, 0], [3, 0, 2]), ([0, 0, 0], [1, 2, 0]), ([1, 0, 1, 2], [3, 1, 1]),
            ([63, 64, 65, 64], [3, 1, 0]), ([100_000, 0], [2, 0, 1]), ([5], [1, 0, 0]),
        ] as [([Int], [Int])])
    func table(sequence: [Int], figures: [Int]) { #expect(SequenceLog(sequence).figures == figures) }

    @Test("A message says whether it is new")
    func arrivals() {
        var log = SequenceLog()
        #expect([3, 3, 1].map { log.record($0) } == [.new, .duplicate, .new])
        #expect(log.record(SequenceLog.limit) == .foreign)
        #expect(log.record(0xffff_ffff_ffff) == .foreign)
        #expect(log.figures == [2, 1, 1])
        // A number out of range must not cost memory.
        #expect(log.words.count < 5000)
    }

    @Test("Random arrivals are counted as a list would", arguments: 0..<50)
    func model(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let bound = [1, 7, 64, 500, 5000][seed % 5]
        let sequence = (0..<bound * 2).map { index in
            seed % 2 == 0 ? Int(random.next() % UInt64(bound)) : max(0, index - Int(random.next() % 4))
        }
        let naive = NaiveLog(seen: sequence)
        #expect(SequenceLog(sequence).figures == [naive.received, naive.duplicated, naive.reordered])
    }

    @Test("A run is counted as its messages one by one", arguments: 0..<50)
    func runs(seed: Int) {
        var random = SplitMix(state: UInt64(seed) &+ 2000)
        var (together, each) = (SequenceLog(), SequenceLog())
        for _ in 0..<200 {
            if random.next() % 3 == 0 {
                let sequence = Int(random.next() % UInt64(each.highest + 100))
                #expect(together.record(sequence) == each.record(sequence))
            }
            let count = Int(random.next() % 300)
            together.recordNext(count)
            for _ in 0..<count { _ = each.record(each.highest + 1) }
        }
        #expect(together.figures == each.figures && together.packed == each.packed)
    }

    @Test("Two consumers of one producer make one account", arguments: 0..<50)
    func merging(seed: Int) {
        var random = SplitMix(state: UInt64(seed) &+ 1000)
        var parts: [[Int]] = [[], []]
        for number in 0..<(1 + seed * 40) where random.next() % 10 > 0 {
            parts[Int(random.next() & 1)].append(number)
            // Now and then to both, or once more to one.
            if random.next() % 8 == 0 { parts[Int(random.next() & 1)].append(number) }
        }
        let logs = parts.map { SequenceLog($0) }
        var merged = SequenceLog()
        for log in logs { merged.merge(SequenceLog(words: log.packed, duplicated: log.duplicated, reordered: log.reordered)) }
        let naive = NaiveLog(seen: parts[0] + parts[1])
        #expect(merged.received == naive.received && merged.duplicated == naive.duplicated)
        // Order is what each consumer saw: one that is behind the other has not changed it.
        #expect(merged.reordered == parts.reduce(0) { $0 + NaiveLog(seen: $1).reordered })
        var reversed = logs[1]
        reversed.merge(logs[0])
        #expect(reversed.figures == merged.figures)
    }

    @Test("Packing leaves out what is empty and loses nothing")
    func packing() {
        #expect(SequenceLog().packed == [])
        let log = SequenceLog([0, 64, 130])
        #expect(log.packed == [1, 1, 4])
        #expect(SequenceLog(words: log.packed, duplicated: 0, reordered: 0).received == 3)
    }

    @Test("Only numbers that were sent count as received", arguments: [0, 1, 63, 64, 65, 100, 127, 128, 129, 10_000])
    func receivedOf(sent: Int) { #expect(SequenceLog(0..<128).received(of: sent) == min(sent, 128)) }
}
