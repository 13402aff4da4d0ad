import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq expect`: what came is compared, and a failure shows where it differs.
    @Suite("expect", .serialized, .timeLimit(.minutes(2)))
    struct ExpectTests {
        private static func words(_ queue: ContractSubject.Queue) -> [String: String] { ["S": queue.send, "R": queue.recv] }

        private static func rest(_ queue: ContractSubject.Queue) throws -> [String] {
            try mq().run("recv", queue.recv, "--drain").lines.sorted()
        }

        @Test("Messages that are as expected are status 0, and not one more is taken", arguments: ContractSubject.holding)
        func asExpected(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let order = subject.keepsOrder ? "" : "--unordered"
                expectSuccess(
                    try sh(
                        """
                        set -e; printf '%s\\n' a b c | mq send "$S"
                        mq expect "$R" --eq a --eq b --eq c \(order) --no-more 50ms
                        printf '{"n":1}\\n{"n":1}\\n' | mq send "$S"
                        mq expect "$R" -n 2 --json n=1 --match '^..n' --match '[0-9]'
                        printf '%s\\n' x y z | tee $D/three | mq send "$S"
                        mq expect "$R" --eq-file $D/three \(order)
                        """, Self.words(queue)))
                expectSuccess(try mq().run("send", queue.send, "1", "2"))
                expectSuccess(try mq().run("expect", queue.recv, "-n", "1"))
                if subject.countsExactly { #expect(try Self.rest(queue).count == 1) }
            }
        }

        @Test(
            "The first byte that differs is shown with both sides, and what was not compared is still there",
            arguments: ContractSubject.holding)
        func difference(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "hello world"))
                let result = try mq().run("expect", queue.recv, "--eq", "hello, world")
                expectFailure(result, 1, "message 1 differs at byte 6", "expected: hello, world", "received: hello world")
                #expect(result.errorText.split(separator: "\n").count == 3 && result.text.isEmpty)
                expectSuccess(try mq().run(["send", queue.send, "-w"], input: .bytes([0xff, 0x00])))
                expectFailure(try mq().run("expect", queue.recv, "--eq", "x"), 1, "differs at byte 1", "expected: 78", "received: ff 00")
                #expect(try Self.rest(queue) == [])
                guard subject.keepsOrder else { return }
                expectSuccess(try mq().run("send", queue.send, "a", "X", "c", "d"))
                expectFailure(try mq().run("expect", queue.recv, "--eq", "a", "--eq", "b", "--eq", "c"), 1, "message 2")
                #expect(try Self.rest(queue) == ["c", "d"])
            }
        }

        @Test("Too few and too many are status 1, and say how many", arguments: ContractSubject.holding)
        func counts(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                expectSuccess(try mq().run("send", queue.send, "a"))
                expectFailure(
                    try mq().run("expect", queue.recv, "--eq", "a", "--eq", "b", "--timeout", "1s"), 1, "1 of 2 messages", "expected: b")
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                expectFailure(
                    try mq().run("expect", queue.recv, "-n", "1", "--no-more", "5s"), 1, "1 message came as expected, and then one more")
                _ = try Self.rest(queue)
                expectSuccess(try mq().run("expect", queue.recv, "--no-more", "30ms"))
                expectSuccess(try mq().run("send", queue.send, "a"))
                expectFailure(try mq().run("expect", queue.recv, "-n", "0", "--no-more", "5s"), 1, "one more", "received: a")
            }
        }

        @Test("With --peek the messages stay, and those that come later count", arguments: ContractSubject.holding.filter(\.peeks))
        func peeking(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let waiting = try mq().start(["expect", queue.recv, "--peek", "-q", "--eq", "a", "--eq", "b", "--unordered"])
                expectSuccess(try mq().run("send", queue.send, "a"))
                expectSuccess(try mq().run("send", queue.send, "b"))
                expectSuccess(try waiting.wait())
                let wrong = try mq().run(
                    "expect", queue.recv, "--peek", "-q", "--eq", "a", "--eq", "c", "--unordered", "--timeout", "1s")
                expectFailure(wrong, 1, "is none of those expected")
                // What was shown is not hidden from others for longer than a moment.
                expectSuccess(try mq().run("expect", queue.recv, "--eq", "a", "--eq", "b", "--unordered"))
            }
        }

        @Test("A broker that is stopped proves nothing: the status is its own")
        func stalled() throws {
            let broker = try NSQStandIn()
            let address = "nsq://127.0.0.1:\(broker.tcpPort)/\(UniqueName.make())/c,http-port=\(broker.httpPort)"
            expectSuccess(try mq().run("create", address))
            let waiting = try startOpen(["expect", address, "--eq", "x", "--timeout", "300ms"])
            broker.change { $0.isStopped = true }
            let result = try waiting.wait()
            #expect(result.status == 75 || result.status == 69, "\(result.errorText)")
            #expect(result.errorText.contains("proves nothing"), "\(result.errorText)")
        }

        @Test("A silence that ends with its keeper's proves nothing: what he had is taken", .enabled(if: NSQDaemon.isAvailable))
        func awakened() throws {
            let daemon = try NSQDaemon()
            let address = "nsq://127.0.0.1:\(daemon.tcpPort)/t/c,http-port=\(daemon.httpPort)"
            expectSuccess(try mq().run("create", address))
            let waiting = try startOpen(["expect", address, "--no-more", "300ms"])
            daemon.pause()
            let sending = try mq().start(["send", address, "x"])
            // The silence is over, and its proof under way.
            usleep(600_000)
            daemon.resume()
            expectSuccess(try sending.wait())
            let result = try waiting.wait()
            #expect(result.status == 1 && result.errorText.contains("one more"), "\(result.errorText)")
            #expect(result.errorText.contains("received: x"), "\(result.errorText)")
        }

        @Test("Attributes and JSON are compared, and shown")
        func attributes() throws {
            let subject = ContractSubject.sqs
            try subject.withQueue { queue in
                expectSuccess(try mq().run(["send", queue.send, "-H", "kind=order", #"{"user":{"name":"Ada"},"items":[{"id":7}]}"#]))
                expectSuccess(
                    try mq().run(
                        "expect", queue.recv, "--attr", "kind=order", "--json", "user.name=Ada", "--json", #"items=[{"id":7}]"#))
                expectSuccess(try mq().run(["send", queue.send, "-H", "kind=order", #"{"n":1}"#]))
                expectFailure(
                    try mq().run("expect", queue.recv, "--attr", "kind=bill"), 1, "attribute 'kind'", "expected: bill", "received: order")
                expectSuccess(try mq().run("send", queue.send, #"{"n":1}"#))
                expectFailure(
                    try mq().run("expect", queue.recv, "--json", #"n="1""#), 1, "differs at n", #"expected: "1""#, "received: 1")
            }
        }

        @Test("What ZeroMQ brings is compared, too", arguments: [ContractSubject.zmqIPC, ContractSubject.zmqTCP])
        func zmq(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let waiting = try startOpen(["expect", queue.recv, "--eq", "a", "--eq", "b", "--no-more", "50ms"])
                expectSuccess(try mq().run("send", queue.send, "a", "b"))
                expectSuccess(try waiting.wait())
            }
        }

        @Test("What cannot be an expectation is a usage error")
        func badInput() throws {
            expectSentence(try mq().run("expect", "posix-mq:/x"), 64, "nothing is expected")
            expectSentence(try mq().run("expect", "posix-mq:/x", "-n", "0"), 64, "nothing is expected")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--json", "a..b=1"), 64, "character 3")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--match", "("), 64, "'('", "character 1", "regular expression")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--match", "ä+[a"), 64, "character 3", "regular expression")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--attr", "kind=x"), 64, "attributes")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--peek", "-n", "1"), 64, "--peek")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--eq", "a", "--eq", "b", "-n", "3"), 64, "-n 3", "2 messages")
            expectSentence(try mq().run("expect", "posix-mq:/x", "--eq-file", "/nonexistent/file"), 74, "/nonexistent/file")
            expectSentence(try sh(": >$D/f; mq expect posix-mq:/x --eq-file $D/f"), 64, "no record")
            expectSentence(try sh("printf 5:ab >$D/f; mq expect posix-mq:/x -F netstring --eq-file $D/f"), 65, "record 1")
        }
    }
}
