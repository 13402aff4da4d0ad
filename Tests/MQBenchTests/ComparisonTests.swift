import MQCore
import Testing

@testable import MQBench

@Suite("Comparing two runs", .timeLimit(.minutes(1)))
struct ComparisonTests {
    @Test("calls nothing better or worse that is the same")
    func same() throws {
        let report = Sample.report(transports: 3)
        let comparison = try Comparison(
            old: report, new: report, conditions: [try FailCondition("p99>+1%"), try FailCondition("throughput<-1%")])
        #expect(!comparison.hasFailed)
        #expect(comparison.pairs.count == 3)
        #expect(comparison.pairs.flatMap(\.changes).allSatisfy { $0.verdict == .same })
    }

    @Test("finds a run that is a third slower, and fails on it")
    func slower() throws {
        let comparison = try Comparison(
            old: Sample.report(transports: 2), new: Sample.report(transports: 2, seed: 9, speed: 0.67),
            conditions: [try FailCondition("throughput<-10%"), try FailCondition("p50>+10%")])
        #expect(comparison.hasFailed)
        #expect(comparison.outcomes.allSatisfy { !$0.failures.isEmpty })
    }

    @Test("refuses other plans and other hosts, and says what differs")
    func unlike() throws {
        let old = Sample.report()
        var plan = old, host = old
        plan.plan.duration = 9
        host.host.processors = 64
        for new in [plan, host] {
            let error = #expect(throws: TransportError.self) { try Comparison(old: old, new: new) }
            #expect(error?.details.count == 1)
            #expect(error?.hint?.contains("mq bench compare --help") == true)
            #expect(throws: Never.self) { try Comparison(old: old, new: new, isForced: true) }
        }
    }

    @Test(
        "takes conditions as people write them", arguments: ["p99>+10%", "throughput < -5%", "max>50ms", "lost>0", "p99.9>1s", "cpu>+3%"])
    func conditions(text: String) throws { _ = try FailCondition(text) }

    @Test(
        "refuses conditions that are none, in a sentence",
        arguments: ["", "p99", "p98>1%", "p99>", "p99=3", "p99>+x%", "lost>-1", "p99>>1%", ">5", "p99>10furlongs"])
    func wrongConditions(text: String) {
        let error = #expect(throws: TransportError.self) { try FailCondition(text) }
        #expect(error?.code == .usage)
        if let hint = error?.hint, !hint.hasPrefix("did you mean") { #expect(hint.contains("mq bench compare --help"), "\(hint)") }
    }
}
