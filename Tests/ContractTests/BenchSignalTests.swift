import Foundation
import MQTesting
import Testing

extension MeasuringContract {
    @Suite("Measuring that is broken off", .serialized, .timeLimit(.minutes(1)))
    struct BenchSignalTests {
        /// Workers of the process `parent`, or of one that has gone, by their numbers.
        private func workers(of parent: Int32) throws -> [Int32] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { process in
                let words = (try? contents("/proc/\(process)/cmdline")).map { String(decoding: $0, as: UTF8.self) } ?? ""
                // The second field behind the name in parentheses is the parent.
                let stat = (try? contents("/proc/\(process)/stat")).map { String(decoding: $0, as: UTF8.self) } ?? ""
                let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
                return words.contains("__bench-worker") && fields.count > 1 && fields[1] == "\(parent)"
            }
        }

        /// Those of them that are still there; a zombie is not.
        private func alive(_ processes: [Int32]) -> [Int32] {
            processes.filter { process in
                let stat = (try? contents("/proc/\(process)/stat")).map { String(decoding: $0, as: UTF8.self) } ?? ""
                let state = stat.split(separator: ")").last?.split(separator: " ").first
                return state != nil && state != "Z"
            }
        }

        /// Queues that carry the number of the benchmark in their name or were last used by its workers; and sockets. Others on
        /// this machine make queues of their own meanwhile.
        private func leftovers(_ parent: Int32, _ workers: [Int32]) throws -> [String] {
            let users = Set(workers.map { "\($0)" })
            let listed = try mq().run("list").lines.filter { line in
                line.contains("mq-bench-\(parent)-") || line.split(separator: " ").contains { users.contains(String($0)) }
            }
            let sockets = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.contains("mq-bench-\(parent)-") }
            return listed + sockets
        }

        /// Starts a long run and returns once both sides are there and have worked for a moment.
        private func running(_ words: String...) throws -> (RunningProgram, [Int32]) {
            let program = try mq().start(["bench"] + words + ["-d", "30s", "--warmup", "100ms"])
            var found: [Int32] = []
            for _ in 0..<300 where found.count < 2 {
                usleep(10_000)
                found = try workers(of: program.process)
            }
            try #require(found.count >= 2, "no workers")
            usleep(300_000)
            return (program, found)
        }

        @Test("SIGINT ends it within 300 ms, by the signal, and leaves nothing", arguments: ["posix-mq:temp", "sysv:temp", "zmq:temp"])
        func interrupt(address: String) throws {
            try expectPrompt("ending") {
                // With the floor measured first there would be no workers for seconds.
                let (program, workers) = try running(address, "mem:temp")
                let start = ContinuousClock.now
                program.send(signal: SIGINT)
                let result = try program.wait(timeout: .seconds(10))
                let duration = ContinuousClock.now - start
                #expect(result.ending == .signalled(SIGINT), "\(result.errorText)")
                #expect(result.text == "")
                expectNoRawError(result.errorText)
                #expect(alive(workers) == [])
                #expect(try leftovers(program.process, workers) == [])
                return duration
            }
        }

        @Test("SIGINT to every process at once, as a terminal sends it, is the same", arguments: ["posix-mq:temp", "zmq:temp"])
        func group(address: String) throws {
            let (program, workers) = try running(address, "mem:temp", "--rtt")
            kill(-program.process, SIGINT)
            let result = try program.wait(timeout: .seconds(10))
            #expect(result.ending == .signalled(SIGINT), "\(result.errorText)")
            #expect(result.errorText.split(separator: "\n").count <= 1, "workers say nothing: \(result.errorText)")
            #expect(alive(workers) == [])
            #expect(try leftovers(program.process, workers) == [])
        }

        @Test(
            "When it is killed its workers end within a second and remove its queue", arguments: ["posix-mq:temp", "sysv:temp", "zmq:temp"])
        func killed(address: String) throws {
            let (program, workers) = try running(address, "mem:temp")
            program.send(signal: SIGKILL)
            _ = try program.wait(timeout: .seconds(10))
            let start = ContinuousClock.now
            while !alive(workers).isEmpty && ContinuousClock.now - start < .seconds(3) { usleep(10_000) }
            #expect(ContinuousClock.now - start < .seconds(1), "\(alive(workers))")
            #expect(try leftovers(program.process, workers) == [])
        }

        @Test("When a worker is killed the run ends with a sentence at once, and leaves no queue")
        func killedWorker() throws {
            let (program, workers) = try running("posix-mq:temp")
            kill(try #require(workers.first), SIGKILL)
            let result = try program.wait(timeout: .seconds(5))
            #expect(result.status != 0)
            #expect(result.errorText.contains("ended without a result"), "\(result.errorText)")
            #expect(alive(workers) == [])
            #expect(try leftovers(program.process, workers) == [])
        }

        @Test("A worker that nobody started says so")
        func alone() throws { expectFailure(try sh("mq __bench-worker 3>&- 4>&- 5>&-"), 64, ["started by mq bench only"]) }
    }
}
