import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// Numbered jobs whose commands fail in every way, and an `mq exec` that is killed. MQ_TEST_RELIABILITY=100000 makes them as many.
    @Suite("Every job is done or is a dead letter", .serialized, .timeLimit(.minutes(20)))
    struct WorkReliabilityTests {
        private static let isLarge = getenv("MQ_TEST_RELIABILITY") != nil
        private static let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) } ?? 200
        private static let kills = isLarge ? 20 : 4

        /// Subjects whose broker gives a message again that nobody settled.
        private static let leasing = ContractSubject.holding.filter { !$0.impatience.isEmpty }
        /// Those for which a few hundred jobs are many already.
        private static func count(_ subject: ContractSubject) -> Int {
            subject.transport == "sqs" ? min(total, isLarge ? 2000 : 120) : total
        }

        /// Fails in one run of ten each by its status, by a signal and by taking too long; each fiftieth job is refused. What is done
        /// is a line of `$D/done`.
        private static let command = """
            n=$(cat)
            case $((n % 50)) in 0) exit 65;; esac
            case $((MQ_NUMBER % 30)) in 3|13|23) exit 1;; 7|17|27) kill -9 $$;; 9) exec sleep 100;; esac
            echo $n >> "$D/done"
            """

        private func numbers(_ path: String) throws -> [Int] {
            String(decoding: (try? contents(path)) ?? [], as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        }

        private func send(_ count: Int, to queue: ContractSubject.Queue) throws {
            expectSuccess(try mq().run(["send", queue.send], input: .bytes(numberedLines(count)), timeout: .seconds(300)))
        }

        private func exec(_ queue: ContractSubject.Queue, _ options: [String], _ script: String, _ folder: String) throws -> RunningProgram
        {
            try mq().start(
                ["exec", queue.recv, "-j", "3", "--backoff", "10ms:200ms", "--timeout", "300ms", "--kill-after", "50ms"] + options
                    + ["--", "sh", "-c", script],
                environment: ["D": folder])
        }

        @Test("Whatever becomes of the commands and of mq", arguments: leasing)
        func killed(subject: ContractSubject) throws {
            let count = Self.count(subject)
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let folder = try fixture.directory()
            var random = SeededGenerator(seed: UInt64(getpid()))
            try subject.withQueues { queue, dead in
                let impatient = ContractSubject.Queue(send: queue.send, recv: queue.recv + subject.impatience)
                try send(count, to: queue)
                let options = ["--max-attempts", "50", "--dead-letter", dead.send]
                for _ in 0..<Self.kills {
                    let program = try exec(impatient, options, Self.command, folder)
                    usleep(UInt32.random(in: 20_000...200_000 + UInt32(count), using: &random))
                    program.send(signal: SIGKILL)
                    _ = try program.wait()
                }
                let last = try exec(impatient, options + ["--stop-when-idle", "4s"], Self.command, folder)
                let result = try last.wait(timeout: .seconds(1000))
                #expect(result.status == 0, "\(result.errorText)")
                let done = Set(try numbers("\(folder)/done"))
                let letters = Set(try mq().run(["recv", dead.recv, "--drain"], timeout: .seconds(60)).lines.compactMap { Int($0) })
                let refused = Set((1...count).filter { $0 % 50 == 0 })
                #expect(done.union(letters) == Set(1...count), "lost: \(Set(1...count).subtracting(done).subtracting(letters).sorted())")
                #expect(letters.isSuperset(of: refused) && done.isDisjoint(with: refused))
                print("\(subject.name): \(count) jobs, \(Self.kills) kills, \(letters.count) dead letters")
            }
        }

        @Test("With stops in good order only, nothing is done twice", arguments: ContractSubject.holding)
        func stopped(subject: ContractSubject) throws {
            // Queues of the kernel are small.
            let count = subject.isOfKernel ? 8 : min(Self.count(subject), 2000)
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let folder = try fixture.directory()
            var random = SeededGenerator(seed: UInt64(getpid()))
            try subject.withQueue { queue in
                try send(count, to: queue)
                let script = #"n=$(cat); case $((MQ_NUMBER % 5)) in 3) exit 1;; esac; echo $n >> "$D/done""#
                for _ in 0..<Self.kills {
                    let program = try exec(queue, [], script, folder)
                    usleep(UInt32.random(in: 10_000...60_000, using: &random))
                    program.send(signal: SIGTERM)
                    let result = try program.wait()
                    #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)")
                }
                let result = try exec(queue, ["--stop-when-idle", "1s"], script, folder).wait(timeout: .seconds(300))
                #expect(result.status == 0, "\(result.errorText)")
                #expect(try numbers("\(folder)/done").sorted() == Array(1...count))
            }
        }
    }
}
