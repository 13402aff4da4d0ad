import Glibc
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// Numbered jobs whose commands break in every way, under an `mq exec` that is killed. MQ_TEST_RELIABILITY=100000 makes them so many.
    @Suite("exec loses nothing", .timeLimit(.minutes(10)))
    struct ExecReliabilityTests {
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
                let rounds = Self.total > 1000 ? 20 : 3
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
    }
}
