import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq mock`: the program around the brokers.
    @Suite("mock", .serialized, .timeLimit(.minutes(2)))
    struct MockTests {
        private static func started(_ words: String...) throws -> (program: RunningProgram, address: String) {
            let program = try mq().start(["mock"] + words)
            try program.wait(until: { $0.text.contains("\n") })
            return (program, program.text.trimmingCharacters(in: .newlines))
        }

        private static func end(_ program: RunningProgram) throws -> ProgramResult {
            program.send(signal: SIGTERM)
            return try program.wait()
        }

        @Test("It prints its address when it accepts, and ends by the signal", arguments: ["sqs", "nsq"])
        func address(kind: String) throws {
            let (program, address) = try Self.started(kind)
            let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            #expect(throws: Never.self) { try LoopbackSocket.connect(port: port) }
            #expect(try Self.end(program).ending == .signalled(SIGTERM))
            #expect(throws: (any Error).self) { try LoopbackSocket.connect(port: port) }
        }

        @Test("A command has the environment, and its status is the mock's", arguments: ["sqs", "nsq"])
        func command(kind: String) throws {
            let path = try mq().path
            let address = kind == "sqs" ? "sqs:q" : "nsq:q/c"
            let result = try mq().run(
                "mock", kind, "--", "sh", "-c",
                "\(path) create \(address) && \(path) send \(address) a b && \(path) expect \(address) -n 2 --no-more 30ms && exit 9")
            #expect(result.status == 9, "\(result.errorText)")
        }

        @Test("It ends with its parent")
        func parent() throws {
            let result = try sh(
                #"bash -c 'mq mock nsq --ready-fd 3 3>$D/ready >/dev/null & echo $!; while ! [ -s $D/ready ]; do sleep 0.01; done'; cat $D/ready"#
            )
            let process = try #require(result.lines.first)
            for _ in 0..<200 where isRunning(process) { usleep(10_000) }
            #expect(!isRunning(process))
        }

        @Test("Faults can be named at the start and set while it runs")
        func faults() throws {
            let (program, address) = try Self.started("sqs", "--fault", "throttle=100%")
            let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            let form = ["Content-Type": "application/x-www-form-urlencoded"]
            func ask() throws -> LoopbackHTTP {
                try LoopbackHTTP.request("POST", "/", port: port, headers: form, body: Array("Action=ListQueues".utf8))
            }
            #expect(try ask().text.contains("<Code>ThrottlingException</Code>"))
            #expect(try LoopbackHTTP.request("POST", "/mq/faults", port: port, body: Array("delay=60ms".utf8)).text == "delay=60ms\n")
            let start = ContinuousClock.now
            #expect(try ask().status == 200)
            #expect(ContinuousClock.now - start >= .milliseconds(60))
            #expect(try LoopbackHTTP.request("POST", "/mq/faults", port: port, body: Array("bogus=1%".utf8)).status == 400)
            #expect(try LoopbackHTTP.request("POST", "/mq/faults", port: port, body: Array("reset=100%".utf8)).status == 200)
            #expect(throws: (any Error).self) { try ask() }
            #expect(try LoopbackHTTP.request("POST", "/mq/clock", port: port, body: Array("1s".utf8)).status == 409)
            _ = try Self.end(program)
        }

        @Test("nsqd's faults: publishing is refused, connections are cut, messages come twice")
        func nsqFaults() throws {
            let (program, address) = try Self.started("nsq", "--fault", "throttle=100%")
            let tcp = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            func set(_ text: String) throws { _ = try LoopbackHTTP.request("POST", "/mq/faults", port: tcp + 1, body: Array(text.utf8)) }
            expectFailure(try mq().run("send", "nsq://\(address)/t", "x"), 75, "failed by chance")
            try set("reset=100%")
            #expect(try mq().run("send", "nsq://\(address)/t", "x").status != 0)
            try set("duplicate=100%")
            expectSuccess(try mq().run("send", "nsq://\(address)/t", "x"))
            let received = try mq().run("recv", "nsq://\(address)/t/c", "-n", "2", "--timeout", "5s")
            #expect(received.text == "x\nx\n", "\(received.errorText)")
            _ = try Self.end(program)
        }

        @Test("The record says what was deleted and what is left, and --expect-empty fails for it", arguments: ["sqs", "nsq"])
        func record(kind: String) throws {
            let address = kind == "sqs" ? "sqs:q" : "nsq:q/c"
            let script = """
                mq mock \(kind) --expect-empty --dump $D/all -- sh -c 'mq create \(address) && mq send \(address) a b && mq recv \(address) -n 1 -q'
                echo "status $?"; cat $D/all
                """
            let result = try sh(script)
            #expect(result.text.contains("status 1") && result.errorText.contains("1 message left"), "\(result.errorText)")
            let records = try result.lines.filter { $0.hasPrefix("{") }.map { try jsonObject($0) }
            #expect(Set(records.compactMap { $0["state"] as? String }) == ["deleted", "left"], "\(result.text)")
            #expect(Set(records.compactMap { $0["body"] as? String }) == ["a", "b"])
            let empty = try sh(
                "mq mock \(kind) --expect-empty -- sh -c 'mq create \(address) && mq send \(address) a && mq recv \(address) -n 1'")
            expectSuccess(empty)
        }

        @Test("Signatures are checked when that is asked for")
        func signatures() throws {
            let script = """
                mq mock sqs --check-signatures -- sh -c '
                    mq create sqs:q && mq send sqs:q "grüße" && mq expect sqs:q --eq "grüße" && echo right
                    AWS_SECRET_ACCESS_KEY=wrong mq send sqs:q x; echo $?
                    AWS_ACCESS_KEY_ID=nobody mq send sqs:q x; echo $?'
                """
            let result = try sh(script)
            #expect(result.lines == ["right", "77", "77"], "\(result.errorText)")
        }

        @Test("AUTH and TLS of nsqd")
        func nsqSecurity() throws {
            let result = try sh(
                "printf 'secret\\n' >$D/s; mq mock nsq --auth-file $D/s -- sh -c 'mq send nsq:t x; echo $?; MQ_NSQ_AUTH=secret mq send nsq:t x; echo $?'"
            )
            #expect(result.lines == ["77", "0"], "\(result.errorText)")
            expectSentence(try mq().run("mock", "nsq", "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"), 78, "/nonexistent")
        }

        @Test("With a virtual clock, queues wait until it is moved", arguments: ["sqs", "nsq"])
        func clock(kind: String) throws {
            let (program, address) = try Self.started(kind, "--clock", "virtual")
            let tcp = try #require(address.split(separator: ":").last.flatMap { Int($0) })
            let port = kind == "sqs" ? tcp : tcp + 1
            let queue = kind == "sqs" ? "sqs:q,endpoint=\(address),region=us-east-1" : "nsq://\(address)/q/c"
            expectSuccess(try mq().run("create", queue))
            expectSuccess(try mq().run("send", queue, "--delay", "10m", "later"))
            expectSuccess(try mq().run("wait", queue, "--for", "delayed=1", "--timeout", "5s"))
            #expect(try LoopbackHTTP.request("POST", "/mq/clock", port: port, body: Array("advance=9m".utf8)).status == 200)
            expectSuccess(try mq().run("wait", queue, "--for", "delayed=1", "--timeout", "5s"))
            #expect(try LoopbackHTTP.request("POST", "/mq/clock", port: port, body: Array("61s".utf8)).status == 200)
            expectSuccess(try mq().run("expect", queue, "--eq", "later"))
            _ = try Self.end(program)
        }

        @Test("Bad input is a usage error with its place, a port in use is 73")
        func badInput() throws {
            expectSentence(try mq().run("mock", "kafka"), 64, "sqs, nsq")
            expectSentence(try mq().run("mock", "sqs", "--fault", "throttle=5%,bogus=1"), 64, "character 13", "bogus")
            expectSentence(try mq().run("mock", "sqs", "--fault", "throttle=200%"), 64, "200%")
            expectSentence(try mq().run("mock", "nsq", "--fault", "partial=5%"), 64, "partial")
            expectSentence(try mq().run("mock", "sqs", "--lookupd"), 64, "mq mock nsq")
            expectSentence(try mq().run("mock", "nsq", "--check-signatures"), 64, "mq mock sqs")
            expectSentence(try mq().run("mock", "sqs", "--", "mq-no-such-command"), 127, "mq-no-such-command")
            let taken = try LoopbackSocket.listen()
            expectSentence(try mq().run("mock", "sqs", "--port", "\(taken.localPort)"), 73, "\(taken.localPort)")
        }
    }
}
