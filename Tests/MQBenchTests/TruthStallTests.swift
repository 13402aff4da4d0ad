import MQBench
import MQCore
import MQTesting
import Synchronization
import Testing

extension Truth {
    @Suite("about pauses and rates", .timeLimit(.minutes(2)))
    struct StallTests {
        /// Messages that were due during the pause waited from 0 to 1 s: a tenth of all, so the 99th percentile is at 0.9 s.
        @Test("A sender that stands still for 1 s in 10 s has a p99 of 900 ms, which the time since sending does not show")
        func senderStall() throws {
            var run = TruthRun(rate: "1000", duration: 10, warmup: 0.2)
            run.faults.senderStall = Faults.Stall(.seconds(1), every: .seconds(100), offset: .seconds(4))
            let latency = try run.latency()
            #expect(latency.response.count == 10_000)
            #expect((0.85...0.95).contains(latency.response.p99), "\(latency.response.p99)")
            #expect((0.95...1.1).contains(latency.response.max), "\(latency.response.max)")
            #expect(latency.response.p50 < 0.02)
            // What measures from the actual send sees one message late.
            #expect(try #require(latency.service).p99 < 0.05)
            #expect((0.85...0.95).contains(latency.publishDelay.p99))
            #expect(latency.account.isClean && latency.account.sent == 10_200)
        }

        @Test("A receiver that stands still for 200 ms in 2 s has a p99 of 180 ms, and the run is valid")
        func receiverStall() throws {
            var run = TruthRun(rate: "1000", duration: 2, warmup: 0.2)
            run.faults.receiverStall = Faults.Stall(.milliseconds(200), every: .seconds(100), offset: .seconds(1))
            let latency = try run.latency()
            #expect(latency.response.count == 2000)
            #expect((0.165...0.2).contains(latency.response.p99), "\(latency.response.p99)")
            #expect(latency.account.figures == [2200, 0, 0, 0])
            #expect(!latency.invalid.contains { $0.contains("kept") }, "\(latency.invalid)")
        }

        @Test("A generator that takes longer than the interval is INVALID, with what it kept", arguments: [1, 2])
        func slowGenerator(producers: Int) throws {
            var run = TruthRun(rate: "1000", duration: 0.6, producers: producers)
            run.faults.sendTime = .milliseconds(4)
            let latency = try run.latency()
            // Each producer passes on 250 a second.
            #expect((0.8...1.1).contains(latency.achievedRate / Double(250 * producers)), "\(latency.achievedRate)")
            let sentence = try #require(latency.invalid.first { $0.hasPrefix("the generator kept ") }, "\(latency.invalid)")
            #expect(sentence.contains("/s of 1"), "\(sentence)")
            #expect(latency.account.isClean)
        }

        @Test("A generator that is hopelessly behind comes to an end, and is INVALID")
        func hopelessGenerator() throws {
            var run = TruthRun(rate: "1000", duration: 0.5, batch: 4)
            run.faults.sendTime = .milliseconds(50)
            let start = ContinuousClock.now
            let latency = try run.latency()
            #expect(ContinuousClock.now - start < .seconds(9))
            #expect(latency.achievedRate < 30)
            #expect(latency.invalid.contains { $0.hasPrefix("the generator kept ") })
        }

        @Test("A generator that keeps a low rate is not called slow", arguments: ["7", "13", "33"])
        func lowRates(rate: String) throws {
            let latency = try TruthRun(rate: rate, duration: 0.5).latency()
            #expect(!latency.invalid.contains { $0.contains("kept") }, "\(latency.invalid)")
            #expect(abs(latency.achievedRate / latency.rate - 1) < 0.05, "\(latency.achievedRate)")
        }

        @Test("--rate find comes near the rate that a stand-in is known to take")
        func search() throws {
            var run = TruthRun(rate: "find", objective: "p99<60ms", duration: 0.8, warmup: 0.1)
            run.faults.receiveTime = .microseconds(1000)
            // What waits at the end of a closed loop is still to be received, a millisecond each.
            run.target = "temp,depth=64"
            // A machine that others use keeps a step from its objective now and then; what is wrong is wrong every time.
            var result = try run.result()
            var best = try #require(result.search).filter(\.isMet).map(\.rate).max() ?? 0
            for _ in 0..<2 where !(850...1150).contains(best) {
                result = try run.result()
                best = try #require(result.search).filter(\.isMet).map(\.rate).max() ?? 0
            }
            #expect((850...1150).contains(best), "\(result.search ?? [])")
            #expect(result.latency?.rate == best)
            #expect((result.latency?.response.p99 ?? 1) < 0.06)
        }

        @Test("The warm-up is in no histogram")
        func warmup() throws {
            var run = TruthRun(rate: "1000", duration: 0.5, warmup: 0.5)
            // A pause that is over before the measured time begins.
            run.faults.receiverStall = Faults.Stall(.milliseconds(250), every: .seconds(100), offset: .milliseconds(100))
            let latency = try run.latency()
            #expect(latency.account.sent == 1000)
            #expect(latency.response.count == 500)
            #expect(latency.service?.count == 500)
            #expect(latency.publishDelay.count == 500)
            #expect(latency.response.max < 0.15, "\(latency.response.max)")
        }

        @Test("The progress of a latency phase tells a p99 near that of the result, and that of a throughput phase none")
        func progress() throws {
            let seen = Mutex<[(phase: String, p99: String?)]>([])
            // A millisecond a message: what the machine adds is small beside it.
            var run = TruthRun(target: "temp,depth=64", rate: "50%", duration: 1.2)
            run.faults.receiveTime = .milliseconds(1)
            let report = try run.report { step in seen.withLock { $0.append((step.phase, step.p99)) } }
            let all = seen.withLock { $0 }.filter { !$0.phase.isEmpty }
            #expect(all.contains { $0.phase == "throughput" && $0.p99 == nil })
            #expect(!all.contains { $0.phase == "throughput" && $0.p99 != nil })
            let last = try #require(all.last { $0.phase.hasPrefix("latency") }?.p99, "\(all)")
            let seconds = Double(try #require(Quantity.duration(last), "\(last)").nanoseconds) / 1e9
            let result = try #require(report.results.first?.latency?.response.p99)
            // Rounded to an eighth, and taken up to 250 ms before the end, when a pause of the machine weighs more.
            #expect((0.25...2).contains(seconds / result), "\(last) for \(result)")
        }
    }
}
