import Foundation
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
    let traces = TruthTraces()

    var plan: BenchPlan {
        BenchPlan(
            addresses: ["faulty:\(target)"], sizes: [size], producers: producers, consumers: consumers, rate: rate, objective: objective,
            duration: duration, warmup: warmup, windows: 5, count: count, batch: batch, roundTrip: roundTrip, sameProcess: false,
            payload: "random", window: window)
    }

    func report(stop: StopFlag = StopFlag(), progress: @escaping (BenchProgress) -> Void = { _ in }) throws -> BenchReport {
        let (faults, record, traces) = (faults, record, traces)
        var runner = BenchRunner(
            plan: plan, rate: try RateChoice(parsing: rate), objective: try objective.map { try Objective(parsing: $0) }, window: window,
            floor: nil, stop: stop,
            resolve: { text throws(TransportError) in
                traces.note(text)
                return FaultyTransport(try memory(text), faults, record: record)
            }, progress: progress)
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

/// What a run uses: other tests measure in the same process.
final class TruthTraces: Sendable {
    private let used = Mutex<(queues: Set<String>, threads: Set<String>)>(([], []))

    /// Called by a worker, on its thread.
    func note(_ address: String) {
        let queue = FaultyTransport.address(address, scheme: "mem").split(separator: ",").first.map(String.init)
        let thread = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        used.withLock { used in
            if let queue { used.queues.insert(queue) }
            if let thread { used.threads.insert(thread) }
        }
    }

    /// Its queues, and those of them that are still there.
    var queues: (all: Set<String>, left: Set<String>) {
        get throws {
            let all = used.withLock { $0.queues }
            return (all, all.intersection(try memory("mem:any").openAdmin(Opening(stop: StopFlag())).list().queues.map(\.address)))
        }
    }

    /// How many of its workers still run: a thread's number may be another's by now, but not its name.
    var workers: Int {
        used.withLock { $0.threads }.filter { thread in
            (try? String(contentsOfFile: "/proc/\(thread)/comm", encoding: .utf8)) == "mq-bench-worker\n"
        }.count
    }
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
