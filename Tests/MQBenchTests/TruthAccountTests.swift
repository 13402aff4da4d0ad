import MQBench
import MQCore
import MQTesting
import Testing

/// What is counted is the same on a busy machine: these run beside others.
@Suite("Bench tells the truth about what was lost, doubled and out of order", .ownThread, .timeLimit(.minutes(2)))
struct TruthAccountTests {
    /// One fault, and what 2000 messages of one producer, or 1000 of each of two, come to.
    enum Fault: String, CaseIterable, CustomTestStringConvertible {
        case drops, duplicates, swaps, everything
        var testDescription: String { rawValue }

        var faults: Faults {
            var faults = Faults()
            if self == .drops || self == .everything { faults.dropEvery = 10 }
            if self == .duplicates || self == .everything { faults.duplicateEvery = 7 }
            if self == .swaps || self == .everything { faults.swapEvery = 25 }
            return faults
        }
    }

    static let sides = [(1, 1), (2, 1)]

    @Test("Counts are exact as fast as it goes", arguments: Fault.allCases, sides)
    func throughput(fault: Fault, sides: (Int, Int)) throws {
        let run = TruthRun(
            faults: fault.faults, rate: "max", producers: sides.0, consumers: sides.1, count: 2000, batch: 64)
        let account = try run.throughput().account
        check(account, run, sent: 2000)
    }

    @Test("Counts are exact at a rate", arguments: Fault.allCases, sides)
    func latency(fault: Fault, sides: (Int, Int)) throws {
        let run = TruthRun(
            faults: fault.faults, rate: "4000", duration: 0.4, warmup: 0.1, producers: sides.0, consumers: sides.1)
        let latency = try run.latency()
        check(latency.account, run, sent: 2000)
        // A second copy is no second response.
        #expect(latency.response.count <= 1600)
    }

    private func check(_ account: Account, _ run: TruthRun, sent: Int) {
        let done = run.record.counts
        #expect(account.figures == [sent, done.dropped, done.duplicated, done.swapped])
        #expect(account.received == sent - done.dropped)
        if run.faults.dropEvery > 0 { #expect(done.dropped == sent / run.faults.dropEvery) }
        #expect((done.duplicated > 0) == (run.faults.duplicateEvery > 0))
        #expect((done.swapped > 0) == (run.faults.swapEvery > 0))
    }

    @Test("With two consumers what is lost or doubled is exact too")
    func consumers() throws {
        var run = TruthRun(rate: "max", producers: 2, consumers: 2, count: 3000, batch: 16)
        (run.faults.dropEvery, run.faults.duplicateEvery) = (10, 7)
        let account = try run.throughput().account
        let done = run.record.counts
        #expect([account.lost, account.duplicated, account.received] == [300, done.duplicated, 2700])
    }

    @Test("A transport that keeps its promises is clean, whatever the sides", arguments: [(1, 1), (2, 1), (1, 2), (3, 3)])
    func clean(producers: Int, consumers: Int) throws {
        let run = TruthRun(rate: "max", producers: producers, consumers: consumers, count: 10_000)
        let throughput = try run.throughput()
        #expect(Array(throughput.account.figures.prefix(3)) == [10_000, 0, 0])
        // Two consumers of one producer each see it in order.
        #expect(throughput.account.reordered == 0)
        #expect(throughput.windows.reduce(0) { $0 + $1.messages } == 10_000)
        #expect(throughput.invalid == [])
    }

    @Test("Windows add up to what was measured, and a doubled message is no throughput")
    func windows() throws {
        var run = TruthRun(rate: "max", duration: 0.5)
        run.faults.duplicateEvery = 1
        run.faults.sendTime = .microseconds(100)
        run.batch = 10
        let throughput = try run.throughput()
        #expect(throughput.windows.count == 5)
        #expect(throughput.windows.reduce(0) { $0 + $1.messages } == throughput.measuredMessages)
        #expect(throughput.measuredMessages < throughput.account.received)
        #expect(throughput.account.duplicated == throughput.account.sent)
        #expect((7000...11_000).contains(throughput.messagesPerSecond), "\(throughput.messagesPerSecond)")
    }

    @Test("Round trips pass over a doubled answer")
    func roundTrips() throws {
        var run = TruthRun(rate: "50%", count: 200, roundTrip: true)
        run.faults.duplicateEvery = 10
        let latency = try run.latency()
        #expect(latency.account.sent == 200 && latency.account.lost == 0)
        #expect(latency.account.duplicated > 0 && latency.response.count == 200)
    }

    @Test("A round trip without an answer ends them, is counted, and is said")
    func unanswered() throws {
        var run = TruthRun(rate: "50%", count: 200, roundTrip: true)
        run.faults.dropEvery = 50
        let latency = try run.latency()
        #expect(latency.account.lost == 1 && latency.account.sent < 200)
        #expect(latency.invalid.contains { $0.hasPrefix("message \(latency.account.sent) was not answered") }, "\(latency.invalid)")
    }
}
