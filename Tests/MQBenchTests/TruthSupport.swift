import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing
import TransportMemory

@testable import MQBench

/// A benchmark over a stand-in, small enough for a test.
struct TruthRun: Sendable {
    var faults = Faults()
    var target = "temp"
    var rate = "1000"
    var objective: String?
    var duration = 0.5
    var warmup = 0.1
    var producers = 1
    var consumers = 1
    var count: Int?
    var batch = 256
    var size = 100
    var roundTrip = false
    var mark: UInt16?
    var window = WindowLimit.standard
    let record = FaultRecord()

    var plan: BenchPlan {
        BenchPlan(
            addresses: ["faulty:\(target)"], sizes: [size], producers: producers, consumers: consumers, rate: rate, objective: objective,
            duration: duration, warmup: warmup, windows: 5, count: count, batch: batch, roundTrip: roundTrip, sameProcess: false,
            payload: "random", window: window)
    }

    func report(stop: StopFlag = StopFlag(), progress: @escaping (BenchProgress) -> Void = { _ in }) throws -> BenchReport {
        let (faults, record) = (faults, record)
        var runner = BenchRunner(
            plan: plan, rate: try RateChoice(parsing: rate), objective: try objective.map { try Objective(parsing: $0) }, window: window,
            floor: nil, stop: stop,
            resolve: { text throws(TransportError) in FaultyTransport(try memory(text), faults, record: record) }, progress: progress)
        runner.mark = mark
        let transport = FaultyTransport(try memory("mem:\(target)"), faults, record: record)
        return try runner.run([BenchTarget(text: "faulty:\(target)", transport: transport)], version: "test", label: nil)
    }

    /// The one result, which must not have failed.
    func result(location: SourceLocation = #_sourceLocation) throws -> BenchResult {
        let report = try report()
        let result = try #require(report.results.first, sourceLocation: location)
        #expect(result.failure == nil, sourceLocation: location)
        return result
    }

    func latency(location: SourceLocation = #_sourceLocation) throws -> Latency {
        try #require(try result(location: location).latency, sourceLocation: location)
    }

    func throughput(location: SourceLocation = #_sourceLocation) throws -> Throughput {
        try #require(try result(location: location).throughput, sourceLocation: location)
    }
}

/// The transport behind an address of the stand-in.
func memory(_ text: String) throws(TransportError) -> MemoryTransport {
    let address = try Address(parsing: FaultyTransport.address(text, scheme: "mem"), syntax: .single)
    return try MemoryTransport(address, options: try OptionValues(address.options, for: MemoryTransport.descriptor))
}

/// The private queues of benchmarks that are there in this process.
func benchQueues() throws -> [String] {
    try memory("mem:any").openAdmin(Opening(stop: StopFlag())).list().queues.map(\.address).filter { $0.contains("mq-bench-") }
}

extension Account {
    /// Sent, lost, duplicated, reordered: what a test says of it.
    var figures: [Int] { [sent, lost, duplicated, reordered] }
    var isClean: Bool { figures.dropFirst().allSatisfy { $0 == 0 } }
}

/// Runs blocking work on a thread of its own: the pool of Swift's tasks must not block.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value { try Background(body).join() }

/// All that measures time, one test after the other: two at once would measure each other.
@Suite("Bench tells the truth", .serialized, .ownThread)
enum Truth {}
