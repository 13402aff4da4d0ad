import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq with`: the queues are there while the command runs, and never longer.
    @Suite("with", .serialized, .timeLimit(.minutes(2)))
    struct WithTests {
        static let schemes: [String] = {
            let nsq = (try? NSQServers.standIn()).map { "nsq://127.0.0.1:\($0.tcp),http-port=\($0.http)" }
            let sqs = (try? SQSServer.standIn()).map { "sqs:,endpoint=\($0),region=us-east-1" }
            return ["posix-mq:", "sysv:", "mock:sqs", "mock:nsq"] + [nsq, sqs].compactMap { $0 }
        }()

        /// Whether the queue is there, as `mq wait` sees it.
        private func expectGone(_ address: String, location: SourceLocation = #_sourceLocation) throws {
            let result = try mq().run("wait", address, "--for", "gone", "--timeout", "5s")
            #expect(result.status == 0, "\(address): \(result.errorText)", sourceLocation: location)
        }

        @Test("The command has a queue of its own, which is gone with it, and its status is passed on", arguments: schemes)
        func lends(scheme: String) throws {
            let result = try mq().run(
                "with", scheme, "--", "sh", "-c",
                #"\#(try mq().path) send "$MQ" hi && \#(try mq().path) expect "$MQ_RECV" --eq hi --no-more 30ms && echo "$MQ" && test "$MQ" = "$MQ1" && exit 7"#
            )
            #expect(result.status == 7, "\(result.errorText)")
            let address = try #require(result.lines.first)
            #expect(address.contains("mq-with-") || scheme == "sysv:", "\(address)")
            if scheme.hasPrefix("mock") {
                // The broker is gone with the queue.
                #expect(try mq().run("wait", address, "--for", "up", "--timeout", "20ms").status == 1)
            } else {
                try expectGone(address)
            }
        }

        @Test("Options of -o are those of the queue")
        func options() throws {
            let result = try mq().run("with", "posix-mq:", "-o", "maxmsg=3", "--", "sh", "-c", #"\#(try mq().path) stat "$MQ" --json"#)
            expectSuccess(result)
            #expect(result.text.contains("\"maxmsg\":3"), "\(result.text)")
        }

        @Test("ZeroMQ has an address for each end")
        func zmq() throws {
            let path = try mq().path
            let result = try mq().run(
                "with", "zmq:", "--", "sh", "-c",
                #"\#(path) expect "$MQ_RECV" --eq hi & \#(path) send "$MQ" hi && wait $! && echo "$MQ""#)
            expectSuccess(result)
            let file = try #require(result.text.split(separator: "//").last.map { "/" + $0.trimmingCharacters(in: ["/", "\n"]) })
            #expect(!FileManager.default.fileExists(atPath: file), "\(file)")
        }

        @Test("Several queues have numbers")
        func several() throws {
            let path = try mq().path
            let result = try mq().run(
                "with", "posix-mq:,maxmsg=3", "sysv:", "--", "sh", "-c",
                #"\#(path) send "$MQ2" a && \#(path) bridge "$MQ2" "$MQ1" -n 1 -q && \#(path) expect "$MQ" --eq a; \#(path) stat "$MQ1" --json; echo $MQ1 $MQ2"#
            )
            #expect(result.status == 0, "\(result.errorText)")
            #expect(result.text.contains(#""maxmsg":3"#), "\(result.text)")
            for address in try #require(result.lines.last).split(separator: " ") { try expectGone(String(address)) }
        }

        @Test("A signal is handed to the command, the queue is removed, and the signal raised again", arguments: [SIGTERM, SIGHUP, SIGINT])
        func signals(number: Int32) throws {
            let running = try mq().start(["with", "posix-mq:", "sysv:", "--", "sh", "-c", "echo $MQ1; echo $MQ2; exec sleep 60"])
            try running.wait(until: { $0.text.split(separator: "\n").count == 2 })
            running.send(signal: number)
            let result = try running.wait()
            #expect(result.ending == .signalled(number), "\(result.errorText)")
            for address in result.lines { try expectGone(address) }
        }

        @Test("Whenever a signal comes, nothing is left")
        func randomTimes() throws {
            var generator = SystemRandomNumberGenerator()
            for round in 0..<12 {
                let running = try mq().start(["with", "posix-mq:", "sysv:", "--", "sleep", "60"])
                usleep(UInt32.random(in: 0...40_000, using: &generator))
                running.send(signal: [SIGTERM, SIGHUP, SIGINT][round % 3])
                _ = try running.wait()
                #expect(try leftovers(of: running.process).isEmpty)
            }
        }

        private func leftovers(of process: Int32) throws -> [String] {
            // A run that has removed everything has crossed itself out.
            try FileManager.default.contentsOfDirectory(atPath: "/tmp/mq-with-\(geteuid())").filter { $0.contains("-\(process)-") }
        }

        @Test("What a kill -9 leaves, the next run removes; the command does not outlive it")
        func killed() throws {
            let running = try mq().start(["with", "posix-mq:", "sysv:", "--", "sh", "-c", "echo $$; echo $MQ1; echo $MQ2; exec sleep 60"])
            try running.wait(until: { $0.text.split(separator: "\n").count == 3 })
            running.send(signal: SIGKILL)
            let lines = try running.wait().lines
            #expect(try mq().run("wait", lines[1], "--for", "exists", "--timeout", "5s").status == 0)
            let live = try mq().start(["with", "posix-mq:", "--", "sh", "-c", "echo $MQ; exec sleep 60"])
            try live.wait(until: { $0.text.contains("\n") })
            expectSuccess(try mq().run("with", "posix-mq:", "--", "true"))
            for address in lines.dropFirst() { try expectGone(address) }
            #expect(!isRunning(lines[0]))
            // Of a run that lives, nothing is touched.
            #expect(try mq().run("wait", live.text.trimmingCharacters(in: .newlines), "--for", "exists", "--timeout", "5s").status == 0)
            live.send(signal: SIGTERM)
            _ = try live.wait()
        }

        @Test("A check removes what a kill -9 has left among its own kind")
        func killedBeforeCheck() throws {
            let running = try mq().start(["with", "posix-mq:", "--", "sh", "-c", "echo $MQ; exec sleep 60"])
            try running.waitForLines(1)
            running.send(signal: SIGKILL)
            let address = try #require(try running.wait().lines.first)
            expectSuccess(try mq().run("wait", address, "--for", "exists", "--timeout", "5s"))
            expectSuccess(try mq().run("check", "posix-mq:"))
            try expectGone(address)
        }

        @Test("A command that is not there is 127 before anything is made; a queue that cannot be made is 73, and the others are removed")
        func failures() throws {
            expectSentence(try mq().run("with", "posix-mq:", "--", "mq-no-such-command"), 127, "mq-no-such-command")
            let script = try sh("echo 'not a program' >$D/x; chmod +x $D/x; mq with posix-mq: -- $D/x")
            #expect(script.status == 127 || script.status == 2, "\(script.errorText)")
            let port = try LoopbackSocket.freePort()
            let running = try mq().start(["with", "posix-mq:", "nsq://127.0.0.1:\(port)", "--", "true"])
            let result = try running.wait()
            expectSentence(result, 73, "connection refused")
            #expect(try leftovers(of: running.process).isEmpty)
        }

        @Test("An address that names a queue, a mock that is not one, and no command are usage errors")
        func badInput() throws {
            expectSentence(try mq().run("with", "posix-mq:/jobs", "--", "true"), 64, "names a queue")
            expectSentence(try mq().run("with", "mock:kafka", "--", "true"), 64, "mock:sqs")
            expectSentence(try mq().run("with", "mem:", "--", "true"), 64)
            expectSentence(try mq().run("with", "posix-mq:"), 64, "command")
            expectSentence(try mq().run("with", "nonsense:", "--", "true"), 64, "nonsense")
        }
    }
}
