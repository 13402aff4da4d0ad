import Foundation
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    @Suite("What -v says of connections", .timeLimit(.minutes(1)))
    struct ConnectionLogTests {
        private static func events(_ result: ProgramResult) throws -> [[String: Any]] {
            try result.errorText.split(separator: "\n").map { try jsonObject($0) }.filter { $0["event"] != nil }
        }

        @Test("For a program they are objects with what happened, where, and with whom", arguments: ["native", "libzmq"])
        func objects(engine: String) throws {
            let receiver = try mq().start(
                ["recv", "zmq:@tcp://127.0.0.1:*,engine=\(engine)", "-n", "2", "-v", "--log-format", "json"])
            try receiver.waitForError("listening")
            let heard = try jsonObject(try #require(receiver.errorText.split(separator: "\n").first { $0.contains("listening") }))
            let endpoint = try #require(heard["endpoint"] as? String)
            #expect(heard["event"] as? String == "listening" && heard["message"] as? String == "listening on \(endpoint)")
            let sender = try mq().start(["send", "zmq:\(endpoint),engine=\(engine)", "-v", "--log-format", "json"], input: .open)
            try sender.give("x\n")
            // libzmq tells of a connection by its descriptor: whom that is with can be asked while it stands.
            try receiver.waitForError("connected")
            sender.endInput()
            let sent = try sender.wait()
            expectSuccess(sent)
            try receiver.waitForError("disconnected")
            expectSuccess(try mq().run("send", "zmq:\(endpoint)", "y"))
            let result = try receiver.wait()
            expectSuccess(result)

            let connected = try #require(try Self.events(result).first { $0["event"] as? String == "connected" })
            #expect(connected["endpoint"] as? String == endpoint && connected["level"] as? String == "debug")
            #expect(connected["message"] as? String == "connected with a peer at \(endpoint)")
            let peer = try #require(connected["peer"] as? String)
            #expect(peer.hasPrefix("127.0.0.1:") && peer != endpoint.dropFirst("tcp://".count))
            if engine == "native" { #expect(connected["peer_type"] as? String == "PUSH") }
            let gone = try #require(try Self.events(result).first { $0["event"] as? String == "disconnected" })
            #expect(gone["peer"] as? String == peer && gone["endpoint"] as? String == endpoint)
            let other = try #require(try Self.events(sent).first { $0["event"] as? String == "connected" })
            #expect(other["endpoint"] as? String == endpoint && other["peer"] as? String == String(endpoint.dropFirst("tcp://".count)))
        }

        @Test("A connection to nsqd that broke and stands again is one, with how it broke")
        func restored() throws {
            var settings = NSQStandIn.Settings()
            settings.cutsAfterPublishes = 1
            let broker = try NSQStandIn(settings)
            let address = "nsq://127.0.0.1:\(broker.tcpPort)/\(UniqueName.make())/c,http-port=\(broker.httpPort)"
            let program = try mq().start(
                ["send", address, "--retry", "20s", "-v", "--log-format", "json", "--rate", "20"], input: .bytes(numberedLines(2)))
            try program.waitForError("restored")
            broker.change { $0.cutsAfterPublishes = nil }
            let result = try program.wait()
            let event = try #require(try Self.events(result).first { $0["event"] as? String == "restored" })
            let endpoint = try #require(event["endpoint"] as? String)
            #expect(endpoint.hasPrefix("127.0.0.1:\(broker.tcpPort)") && event["message"] as? String == "connected to \(endpoint)")
            #expect((event["reason"] as? String)?.isEmpty == false, "\(event)")
        }

        @Test("So is what goes wrong, and for people each is a sentence", arguments: ["native", "libzmq"])
        func failures(engine: String) throws {
            let server = try startOpen(["serve", "zmq:@tcp://127.0.0.1:*", "--echo"])
            let endpoint = String(try #require(server.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") }))
            let arguments = ["send", "zmq:\(endpoint),engine=\(engine)", "x", "--timeout", "20s"]
            /// What is said until the first failure is there, however long that takes.
            func untilFailure(_ more: [String]) throws -> ProgramResult {
                let sender = try mq().start(arguments + more)
                try sender.waitForError("REP")
                sender.send(signal: SIGTERM)
                return try sender.wait()
            }
            let result = try untilFailure(["--log-format", "json"])
            let failed = try #require(try Self.events(result).first, "\(result.errorText)")
            #expect(failed["event"] as? String == "failed" && failed["level"] as? String == "warning")
            #expect(failed["endpoint"] as? String == endpoint && (failed["message"] as? String)?.contains("REP") == true)
            let words = try untilFailure([])
            #expect(words.errorText.contains("mq: the peer at \(endpoint) is a REP") || words.errorText.contains("REP"))
            #expect(!words.errorText.contains("{"))
            server.send(signal: SIGTERM)
            _ = try server.wait()

            let absent = try mq().start([
                "send", "zmq:ipc:///tmp/mq-\(UniqueName.make()),engine=\(engine)", "x", "-v", "--log-format", "json",
            ])
            try absent.waitForError("absent")
            absent.send(signal: SIGTERM)
            #expect(try Self.events(absent.wait()).map { $0["event"] as? String } == ["absent"])
        }
    }
}
