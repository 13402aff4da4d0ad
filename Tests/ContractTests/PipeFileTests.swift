import Glibc
import MQTesting
import Testing

extension ProgramContract {
    @Suite("Pipes with names, where files are named", .serialized, .timeLimit(.minutes(1)))
    struct PipeFileTests {
        private let fixture = Fixture()

        /// The path of a pipe that nobody has opened.
        private func pipe(_ fixture: Fixture) throws -> String {
            let path = "\(try fixture.directory())/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            return path
        }

        @Test("A signal ends a send that waits for a pipe to be written", arguments: [SIGINT, SIGTERM])
        func signal(number: CInt) throws {
            let path = try pipe(fixture)
            try ContractSubject.posixMQ.withQueue { queue in
                let program = try startOpen(["send", queue.send, "-F", "files", path])
                program.send(signal: number)
                let result = try program.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(number), "\(result.errorText)")
                #expect(try mq().run("stat", queue.send, "--json").text.contains("\"messages\":0"))
            }
        }

        @Test("What is written into a pipe is a message of send -F files")
        func contents() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                let script =
                    #"mkfifo "$D/p"; (printf 'a\n'; sleep 0.1; printf b) > "$D/p" & mq send "$S" -F files "$D/p"; mq recv "$S" -w -n 1"#
                let result = try sh(script, ["S": queue.send])
                expectSuccess(result)
                #expect(result.text == "a\nb")
            }
        }

        @Test("Configuration is read from files only: a pipe is refused at once, and named")
        func configuration() throws {
            let path = try pipe(fixture)
            let alias = try mq().run(["explain", "@x"], environment: ["MQ_CONFIG": path], timeout: .seconds(5))
            expectSentence(alias, 78, path, "is a pipe")
            for option in ["server-key", "plain"] {
                let result = try mq().run(["send", "zmq:ipc:///absent,\(option)=\(path)", "x"], timeout: .seconds(5))
                expectSentence(result, 78, path, "is a pipe")
            }
            let bench = try mq().run(["bench", "mem:temp", "--payload", path, "-d", "50ms", "--warmup", "0"], timeout: .seconds(10))
            #expect(bench.status != 0 && bench.errorText.contains("\(path) is a pipe"), "\(bench.errorText)")
            let compared = try mq().start(["bench", "compare", path, path])
            usleep(50_000)
            compared.send(signal: SIGTERM)
            #expect(try compared.wait(timeout: .seconds(5)).ending == .signalled(SIGTERM))
        }

        @Test("/dev/null is an empty configuration")
        func null() throws {
            expectSentence(try mq().run(["explain", "@x"], environment: ["MQ_CONFIG": "/dev/null"]), 78, "/dev/null")
        }
    }
}
