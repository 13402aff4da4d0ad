import Foundation
import MQCore
import MQStandIns
import MQTesting
import Testing
import TransportMemory

@testable import MQBench

extension Truth {
    @Suite("about what should not be", .timeLimit(.minutes(1)))
    struct TroubleTests {
        /// A named queue with messages in it, and its name.
        private func queue(holding messages: [[UInt8]]) throws -> String {
            let name = UniqueName.make("truth")
            var batch = Batch()
            for message in messages { batch.append(message) }
            let sender = try memory("mem:\(name)").openSender(Opening(stop: StopFlag()))
            _ = try sender.send(batch, 0..<batch.count, until: .never, stop: StopFlag())
            return name
        }

        private static let mark: UInt16 = 4711

        private func stamped(_ sequence: Int, run: UInt16 = mark, due: UInt64, size: Int = 100) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: size)
            bytes.withUnsafeMutableBytes {
                Stamp.write($0.baseAddress!, size: size, run: run, producer: 0, sequence: sequence, due: due, sent: due)
            }
            return bytes
        }

        @Test("Messages of somebody else are counted, and make it INVALID", arguments: ["max", "500"])
        func foreign(rate: String) throws {
            let others: [[UInt8]] = [Array("short".utf8), Array("a message of somebody else".utf8), [], [UInt8](repeating: 0, count: 64)]
            let result = try TruthRun(target: try queue(holding: others), rate: rate, duration: 0.3).result()
            let invalid = result.throughput?.invalid ?? result.latency?.invalid ?? []
            #expect(invalid.contains("4 messages in the queue were not of this benchmark: somebody else uses it"), "\(invalid)")
            let account = try #require(result.throughput?.account ?? result.latency?.account)
            #expect(account.isClean && account.received == account.sent)
        }

        @Test("Messages of another run, before it or beside it, are none of this one's")
        func otherRuns() throws {
            let others = (0..<50).map { stamped($0, run: Self.mark + 1, due: Deadline.now() + 100_000_000) }
            let latency = try TruthRun(target: try queue(holding: others), rate: "500", duration: 0.3, mark: Self.mark).latency()
            #expect(latency.account.isClean && latency.account.sent == 200)
            #expect(latency.response.count == 150)
            #expect(latency.invalid.contains { $0.hasPrefix("50 messages in the queue") }, "\(latency.invalid)")
        }

        @Test("A number that nobody sent does not hide a loss")
        func unsentNumbers() throws {
            let strange = (0..<10).map { stamped(1_000_000 + $0, due: Deadline.now() + 3_600_000_000_000) }
            var run = TruthRun(target: try queue(holding: strange), rate: "500", duration: 0.3, mark: Self.mark)
            run.faults.dropEvery = 20
            let latency = try run.latency()
            #expect(latency.account.lost == 10)
            #expect(latency.invalid.contains { $0.hasPrefix("10 messages in the queue") }, "\(latency.invalid)")
        }

        @Test("A message that comes before it was due ends the measurement at once, with an explanation")
        func negative() throws {
            let name = try queue(holding: [stamped(0, due: Deadline.now() + 4_000_000_000)])
            let start = ContinuousClock.now
            let result = try #require(
                try TruthRun(target: name, rate: "100", duration: 8, warmup: 0, mark: Self.mark).report().results.first)
            let failure = try #require(result.failure)
            #expect(failure.contains("before it was due") && failure.contains("monotonic clock"), "\(failure)")
            #expect(result.latency == nil)
            #expect(ContinuousClock.now - start < .seconds(2))
        }

        @Test("A queue that is removed meanwhile is a failure with the cause, not a stall")
        func removed() throws {
            let name = try queue(holding: [])
            let deletion = Background {
                usleep(300_000)
                try memory("mem:\(name)").openAdmin(Opening(stop: StopFlag())).delete()
            }
            let result = try #require(try TruthRun(target: name, rate: "max", duration: 5).report().results.first)
            try deletion.join()
            #expect(result.failure?.contains("queue was removed") == true, "\(result.failure ?? "")")
        }

        @Test("A message that the broker refuses is a failure with its cause, not one that was lost", arguments: ["max", "1000"])
        func refused(rate: String) throws {
            var run = TruthRun(rate: rate, duration: 5)
            run.faults.rejectEvery = 50
            let start = ContinuousClock.now
            let result = try #require(try run.report().results.first)
            #expect(result.failure?.contains("refused by the broker") == true, "\(result.failure ?? "")")
            #expect(ContinuousClock.now - start < .seconds(4))
        }

        @Test(
            "A run that is stopped in the middle throws at once, and leaves neither threads nor queues", arguments: ["max", "1000", "find"])
        func stopped(rate: String) throws {
            let stop = StopFlag()
            let raising = Background {
                usleep(400_000)
                #expect((try? workers()) ?? 0 > 0)
                stop.raise(.interrupt)
                return ContinuousClock.now
            }
            let run = TruthRun(rate: rate, objective: rate == "find" ? "p99<1s" : nil, duration: 20)
            #expect(throws: TransportError.self) { try run.report(stop: stop) }
            let latency = ContinuousClock.now - (try raising.join())
            #expect(latency < .milliseconds(500), "\(latency)")
            #expect(try benchQueues() == [])
            var left = try workers()
            for _ in 0..<300 where left > 0 {
                usleep(10_000)
                left = try workers()
            }
            #expect(left == 0, "\(left) threads are left")
        }

        /// Threads of this process by the name that workers have: other tests have threads too.
        private func workers() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { task in
                (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == "mq-bench-worker\n"
            }.count
        }

        @Test("A run that ends well leaves nothing either")
        func ended() throws {
            _ = try TruthRun(rate: "50%", duration: 0.2).result()
            #expect(try benchQueues() == [])
        }
    }
}
