import Foundation
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    @Suite("Nobody there", .timeLimit(.minutes(1)))
    struct AbsenceTests {
        private static let engines = ["native", "libzmq"]

        @Test(
            "A receiver that found nobody says where and why, by 69 and not by 'no message'", arguments: engines,
            ["pull", "xsub", "pair", "router"])
        func receiver(engine: String, type: String) throws {
            let endpoint = "tcp://127.0.0.1:\(try LoopbackSocket.freePort())"
            let result = try mq().run("recv", "zmq:\(type):\(endpoint),engine=\(engine)", "--timeout", "150ms")
            expectSentence(result, 69, "no peer is connected: connection refused at \(endpoint); waited 150ms (is the other end running?)")
        }

        @Test("So it is however the wait ends, and for whoever works on messages", arguments: engines)
        func otherEnds(engine: String) throws {
            let path = "ipc:///tmp/mq-\(UniqueName.make())"
            let address = "zmq:\(path),engine=\(engine)"
            let why = "no peer is connected: no such file or directory at \(path)"
            for words in [
                ["recv", "--drain"], ["recv", "--timeout", "0"], ["recv", "--until-closed", "--timeout", "150ms"],
                ["recv", "-n", "2", "--timeout", "150ms"], ["request", "x", "--timeout", "150ms"], ["send", "x", "--timeout", "150ms"],
            ] {
                expectFailure(try mq().run([words[0], address] + words.dropFirst()), 69, why)
            }
            expectFailure(try mq().run("exec", address, "--drain", "--", "true"), 69, why)
            // A time that was set is over, as it should be; that nobody was there is said all the same.
            for words in [["exec", "--max-time", "200ms", "--", "true"], ["serve", "--echo", "--max-time", "200ms"]] {
                let result = try mq().run([words[0], address] + words.dropFirst())
                expectSuccess(result)
                #expect(result.errorText.contains(why), "\(result.errorText)")
            }
            expectFailure(try mq().run("bridge", address, "mem:\(UniqueName.make())", "--drain"), 69, why)
        }

        @Test("Of several endpoints each has its reason", arguments: engines)
        func several(engine: String) throws {
            let (first, second) = ("tcp://127.0.0.1:\(try LoopbackSocket.freePort())", "ipc:///tmp/mq-\(UniqueName.make())")
            expectSentence(
                try mq().run("recv", "zmq:\(first),\(second),engine=\(engine)", "--timeout", "150ms"), 69,
                "connection refused at \(first), no such file or directory at \(second)")
        }

        @Test("Where others may come, or somebody was, a silence is no message", arguments: engines)
        func silence(engine: String) throws {
            let bound = try mq().run("recv", "zmq:@tcp://127.0.0.1:*,engine=\(engine)", "--timeout", "50ms")
            expectFailure(bound, 1, "no message within 50ms")
            let path = "ipc:///tmp/mq-\(UniqueName.make())"
            let publisher = try startOpen(["send", "zmq:pub:@\(path)"], input: .open)
            let receiver = try mq().start(["recv", "zmq:sub:\(path),engine=\(engine)", "--timeout", "1s", "-v"])
            try receiver.waitForError("connected with")
            publisher.send(signal: SIGTERM)
            _ = try publisher.wait()
            expectFailure(try receiver.wait(), 1, "no message within 1s")
        }

        @Test("Whoever waits without end is told after a while", arguments: zip(engines, [["recv"], ["serve", "--echo"]]))
        func patience(engine: String, verb: [String]) throws {
            let endpoint = "tcp://127.0.0.1:\(try LoopbackSocket.freePort())"
            let waiting = try mq().start([verb[0], "zmq:\(endpoint),engine=\(engine)"] + verb.dropFirst())
            try waiting.waitForError("mq: nobody at \(endpoint) yet (connection refused), trying on\n")
            waiting.send(signal: SIGTERM)
            let result = try waiting.wait()
            #expect(result.ending == .signalled(SIGTERM))
            #expect(result.errorText.components(separatedBy: "nobody at").count == 2, "once: \(result.errorText)")
        }

        @Test("A publisher that connects says why nobody subscribes", arguments: engines)
        func publisher(engine: String) throws {
            let endpoint = "tcp://127.0.0.1:\(try LoopbackSocket.freePort())"
            let result = try mq().run("send", "zmq:pub:\(endpoint),engine=\(engine)", "x")
            expectSuccess(result)
            #expect(result.errorText.contains("no subscriber came within 1s (connection refused at \(endpoint)); messages go to nobody"))
        }
    }
}
