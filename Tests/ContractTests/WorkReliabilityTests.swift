import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// Numbered jobs and an `mq exec` that is stopped again and again. MQ_TEST_RELIABILITY=100000 makes them more.
    @Suite("Every job is done once", .serialized, .timeLimit(.minutes(20)))
    struct WorkReliabilityTests {
        private static let isLarge = getenv("MQ_TEST_RELIABILITY") != nil
        private static let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) } ?? 200
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

        private func exec(_ queue: ContractSubject.Queue, _ options: [String], _ script: String, _ folder: String) throws -> RunningProgram
        {
            try mq().start(
                ["exec", queue.recv, "-j", "3", "--backoff", "10ms:200ms", "--timeout", "300ms", "--kill-after", "50ms"] + options
                    + ["--", "sh", "-c", script],
                environment: ["D": folder])
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
