import Glibc
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// Numbered jobs whose commands break in every way, under an `mq exec` that is killed. MQ_TEST_RELIABILITY=100000 makes them so many.
    @Suite("exec loses nothing", .timeLimit(.minutes(20)))
    struct ExecReliabilityTests {
        private let fixture = Fixture()
        private static let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) } ?? 150

        /// One in eight exits 1, is killed, or kills itself; one in thirty hangs until it is ended.
        private static let job = """
            read n; case $(( (n * 7 + $MQ_ATTEMPT * 13) % 32 )) in
            0|1) exit 1;; 2) kill -9 $$;; 3) kill -SEGV $$;; 4) trap '' TERM; sleep 30;; esac
            echo $n >> "$0"; [ $((n % 50)) = 17 ] && exit 65; exit 0
            """

        @Test("Each job is done or a dead letter, whoever is killed", arguments: [ContractSubject.nsq, .sqs])
        func killed(subject: ContractSubject) throws {
            try subject.withQueues { queue, dead in
                let fixture = Fixture()
                defer { fixture.cleanUp() }
                let done = "\(try fixture.directory())/done"
                let total = subject.transport == "sqs" ? min(Self.total, 2000) : Self.total
                expectSuccess(try mq().run(["send", queue.send], input: .bytes(numberedLines(total))))
                let words = [
                    "exec", queue.recv + subject.impatience, "-j", "4", "--timeout", "400ms", "--kill-after", "50ms", "--backoff",
                    "10ms:50ms",
                    "--max-attempts", "40", "--dead-letter", dead.send,
                ]
                let rounds = Self.isLarge ? 20 : 3
                for round in 0..<rounds {
                    let program = try mq().start(words + ["--", "sh", "-c", Self.job, done])
                    usleep(UInt32(150_000 + round * 40_000))
                    program.send(signal: SIGKILL)
                    _ = try program.wait()
                }
                let last = try mq().run(
                    words + ["--stop-when-idle", "4s", "--", "sh", "-c", Self.job, done], timeout: .seconds(500))
                #expect(last.status == 0, "\(last.errorText)")
                let seen = Set(String(decoding: try contents(done), as: UTF8.self).split(separator: "\n").compactMap { Int($0) })
                #expect(seen == Set(1...total), "\(Set(1...total).subtracting(seen).sorted().prefix(10)) are lost")
                let letters = Set(try mq().run("recv", dead.recv, "--drain").lines.compactMap { Int($0) })
                #expect(letters == Set((1...total).filter { $0 % 50 == 17 }), "\(letters)")
                #expect(try mq().run("recv", queue.recv, "--drain").lines == [])
            }
        }

        private static let isLarge = total > 1000
        private static let kills = isLarge ? 20 : 4

        /// Those for which a few hundred jobs are many already.
        private static func count(_ subject: ContractSubject) -> Int {
            subject.transport == "sqs" ? min(total, isLarge ? 2000 : 120) : total
        }

        private func numbers(_ path: String) throws -> [Int] {
            String(decoding: (try? contents(path)) ?? [], as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        }

        private func send(_ count: Int, to queue: ContractSubject.Queue) throws {
            expectSuccess(try mq().run(["send", queue.send], input: .bytes(numberedLines(count)), timeout: .seconds(300)))
        }

        private func exec(
            _ queue: ContractSubject.Queue, _ options: [String], _ script: String, _ folder: String, timeout: String = "300ms"
        ) throws -> RunningProgram {
            try mq().start(
                ["exec", queue.recv, "-j", "3", "--backoff", "10ms:200ms", "--timeout", timeout, "--kill-after", "50ms"] + options
                    + ["--", "sh", "-c", script],
                environment: ["D": folder])
        }

        @Test("With stops in good order only, nothing is done twice", arguments: ContractSubject.holding)
        func stopped(subject: ContractSubject) throws {
            // Queues of the kernel are small.
            let count = subject.isOfKernel ? 8 : min(Self.count(subject), 2000)
            let folder = try fixture.directory()
            var random = SeededGenerator(seed: UInt64(getpid()))
            try subject.withQueue { queue in
                try send(count, to: queue)
                let script = #"n=$(cat); case $((MQ_NUMBER % 5)) in 3) exit 1;; esac; echo $n >> "$D/done""#
                for _ in 0..<Self.kills {
                    // None is ended by its time limit after it has written, however busy the machine is.
                    let program = try exec(queue, [], script, folder, timeout: "60s")
                    usleep(UInt32.random(in: 10_000...60_000, using: &random))
                    program.send(signal: SIGTERM)
                    let result = try program.wait()
                    #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)")
                }
                // What failed last comes back after a back-off, of a whole second on SQS.
                let idle = subject.transport == "sqs" ? "3s" : "1s"
                let result = try exec(queue, ["--stop-when-idle", idle], script, folder, timeout: "60s").wait(timeout: .seconds(300))
                #expect(result.status == 0, "\(result.errorText)")
                let done = try numbers("\(folder)/done").sorted()
                #expect(done == Array(1...count), "\(done)")
            }
        }
    }
}
