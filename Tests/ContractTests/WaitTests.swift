import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq wait`: what holds is noticed at once, and nothing else is.
    @Suite("wait", .serialized, .timeLimit(.minutes(2)))
    struct WaitTests {
        private static func words(_ queue: ContractSubject.Queue) -> [String: String] { ["S": queue.send, "R": queue.recv] }

        @Test("Each condition that holds is status 0, each that does not is 1 with its reason", arguments: ContractSubject.holding)
        func conditions(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                for condition in ["up", "exists", "empty", "depth=0", "depth<1"] {
                    expectSuccess(try mq().run("wait", queue.recv, "--for", condition, "--timeout", "10s"))
                }
                expectSentence(try mq().run("wait", queue.recv, "--for", "nonempty", "--timeout", "30ms"), 1, "no message")
                expectSentence(try mq().run("wait", queue.recv, "--for", "gone", "--timeout", "30ms"), 1, "it is there")
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                expectSuccess(try mq().run("wait", queue.recv, "--for", "nonempty", "--for", "depth=2", "--timeout", "10s"))
                expectSentence(try mq().run("wait", queue.recv, "--for", "empty", "--timeout", "30ms"), 1, "2 messages")
                expectSentence(try mq().run("wait", queue.recv, "--for", "depth>2", "--timeout", "30ms"), 1, "depth is 2")
            }
        }

        @Test("A queue that is not there is gone, and nothing else", arguments: ContractSubject.holding)
        func missing(subject: ContractSubject) throws {
            let missing = try #require(subject.missing?())
            expectSuccess(try mq().run("wait", missing, "--for", "gone", "--timeout", "10s"))
            for condition in ["exists", "empty", "nonempty", "depth=0"] {
                expectSentence(try mq().run("wait", missing, "--for", condition, "--timeout", "30ms"), 1, subject.missingWords)
            }
        }

        @Test("What comes to hold is noticed while it waits, and the command runs in its place", arguments: ContractSubject.holding)
        func later(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let waiting = try mq().start(["wait", queue.recv, "--for", "nonempty", "-v", "--", "sh", "-c", "echo there; exit 7"])
                try waiting.wait(until: { $0.errorText.contains("no message") })
                expectSuccess(try mq().run("send", queue.send, "x"))
                let result = try waiting.wait()
                #expect(result.status == 7 && result.text == "there\n", "\(result.errorText)")
            }
        }

        @Test("The command does not run when the wait was in vain, and one that is not there is found before it")
        func commands() throws {
            let missing = "posix-mq:/\(UniqueName.make("absent"))"
            let vain = try mq().run("wait", missing, "--for", "exists", "--timeout", "20ms", "--", "echo", "ran")
            expectSentence(vain, 1, "no such queue")
            #expect(vain.text.isEmpty)
            expectSentence(try mq().run("wait", missing, "--for", "exists", "--", "mq-no-such-command"), 127, "mq-no-such-command")
        }

        @Test("A broker that is not there, or stopped, is neither up nor gone nor empty")
        func unreachable() throws {
            let port = try LoopbackSocket.freePort()
            let nsq = "nsq://127.0.0.1:\(port)/t/c,http-port=\(port)"
            let sqs = "sqs:q,endpoint=http://127.0.0.1:\(port),region=us-east-1"
            for address in [nsq, sqs] {
                for condition in ["up", "gone", "empty", "exists"] {
                    expectSentence(
                        try mq().run("wait", address, "--for", condition, "--timeout", "30ms"), 1, "connection refused")
                }
            }
            expectSentence(try mq().run("wait", "zmq:tcp://127.0.0.1:\(port)", "--for", "up", "--timeout", "30ms"), 1, "nobody listens")
            for address in ["nsq://no-such-host.invalid:\(port)/t", "zmq:tcp://no-such-host.invalid:\(port)"] {
                expectSentence(try mq().run("wait", address, "--for", "up", "--timeout", "30ms"), 1, "no-such-host.invalid", "resolved")
            }
            let broker = try NSQStandIn()
            broker.change { $0.isStopped = true }
            let address = "nsq://127.0.0.1:\(broker.tcpPort)/t/c,http-port=\(broker.httpPort)"
            for condition in ["up", "gone", "empty"] {
                expectSentence(try mq().run("wait", address, "--for", condition, "--timeout", "50ms"), 1, "time")
            }
            let waiting = try mq().start(["wait", address, "--for", "up", "--timeout", "20s"])
            usleep(50_000)
            broker.change { $0.isStopped = false }
            expectSuccess(try waiting.wait())
        }

        @Test("Where nsqlookupd knows no nsqd, nobody has said that a topic is gone", .enabled(if: NSQLookupDaemon.isAvailable))
        func lookupAlone() throws {
            let lookup = try NSQLookupDaemon()
            for condition in ["up", "gone", "empty"] {
                expectSentence(
                    try mq().run("wait", "nsqlookup://127.0.0.1:\(lookup.httpPort)/t/c", "--for", condition, "--timeout", "50ms"), 1,
                    "knows no nsqd")
            }
        }

        @Test("An open port is not a broker")
        func openPort() throws {
            let listener = try LoopbackSocket.listen()
            for address in ["nsq://127.0.0.1:\(listener.localPort)/t", "zmq:tcp://127.0.0.1:\(listener.localPort)"] {
                let result = try mq().run("wait", address, "--for", "up", "--timeout", "50ms")
                #expect(result.status == 1, "\(address): \(result.errorText)")
            }
        }

        @Test("All addresses must fulfil it, and the sentence names those that do not")
        func several() throws {
            try ContractSubject.posixMQ.withQueues { first, second in
                expectSuccess(try mq().run("wait", first.recv, second.recv, "--for", "empty", "--timeout", "10s"))
                expectSuccess(try mq().run("send", second.send, "x"))
                let result = try mq().run("wait", first.recv, second.recv, "--for", "empty", "--timeout", "30ms")
                expectSentence(result, 1, "\(second.recv): 1 message")
                #expect(!result.errorText.contains(first.recv))
                let bad = try mq().run("wait", first.recv, second.recv, "--for", "depht=0")
                expectSentence(bad, 64, "did you mean depth?")
            }
        }

        @Test("A ZeroMQ peer is up when it has greeted, and only of a type that fits")
        func zmq() throws {
            let port = try LoopbackSocket.freePort()
            let waiting = try mq().start(["wait", "zmq:tcp://127.0.0.1:\(port)", "--for", "up", "--timeout", "20s", "-v"])
            try waiting.wait(until: { $0.errorText.contains("nobody listens") })
            let receiver = try startOpen(["recv", "zmq:@tcp://127.0.0.1:\(port)"])
            expectSuccess(try waiting.wait())
            expectSentence(
                try mq().run("wait", "zmq:sub:tcp://127.0.0.1:\(port)", "--for", "up", "--timeout", "30ms"), 1, "is a PULL socket")
            expectSentence(try mq().run("wait", "zmq:@tcp://127.0.0.1:\(port)", "--for", "up"), 64, "would bind")
            expectSentence(try mq().run("wait", "zmq:tcp://127.0.0.1:\(port)", "--for", "gone"), 64, "--for up")
            receiver.send(signal: SIGTERM)
            _ = try receiver.wait()
        }

        @Test("A signal ends it")
        func signals() throws {
            let waiting = try mq().start(["wait", "posix-mq:/\(UniqueName.make("absent"))", "--for", "exists", "-v"])
            try waiting.wait(until: { $0.errorText.contains("no such queue") })
            waiting.send(signal: SIGTERM)
            #expect(try waiting.wait().ending == .signalled(SIGTERM))
        }

        @Test("nsqd is up when the first send succeeds, whenever that is", .enabled(if: NSQDaemon.isAvailable))
        func daemon() throws {
            for _ in 0..<3 {
                let daemon = try NSQDaemon()
                daemon.kill()
                let address = "nsq://127.0.0.1:\(daemon.tcpPort)/t,http-port=\(daemon.httpPort)"
                let waiting = try mq().start([
                    "wait", address, "--for", "up", "--timeout", "20s", "--", try mq().path, "send", address, "x",
                ])
                try daemon.start()
                expectSuccess(try waiting.wait())
            }
        }

        @Test("It returns soon after the condition holds")
        func promptness() throws {
            try ContractSubject.posixMQ.withQueue { queue in
                try expectPrompt("wait", within: .milliseconds(60)) {
                    let waiting = try mq().start(["wait", queue.recv, "--for", "nonempty", "-v"])
                    try waiting.wait(until: { $0.errorText.contains("no message") })
                    usleep(200_000)
                    expectSuccess(try mq().run("send", queue.send, "x"))
                    let sent = ContinuousClock.now
                    expectSuccess(try waiting.wait())
                    defer { _ = try? mq().run("purge", queue.recv) }
                    return ContinuousClock.now - sent
                }
            }
        }

        @Test("Bad conditions are usage errors that show the place")
        func badInput() throws {
            expectSentence(try mq().run("wait", "posix-mq:/x", "--for", "depth<ten"), 64, "character 7")
            expectSentence(try mq().run("wait", "posix-mq:/x"), 64, "nothing to wait for")
            expectSentence(try mq().run("wait", "--for", "up"), 64, "the address is missing")
        }
    }
}
