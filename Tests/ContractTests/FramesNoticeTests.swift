import Foundation
import MQTesting
import Testing

extension MessageContract {
    /// What is said of frames, and of what some sockets of ZeroMQ have and others have not.
    @Suite("What is said of frames", .timeLimit(.minutes(1)))
    struct FramesNoticeTests {
        private static let record = #"{"body":"ab","frames":[1,1]}"#

        /// Runs `exec` on two messages of two frames each.
        private static func exec(_ arguments: [String], behind command: [String]) throws -> ProgramResult {
            let path = "ipc:///tmp/mq-\(UniqueName.make())"
            let program = try startOpen(["exec", "zmq:@\(path)", "-n", "2"] + arguments, behind: ["--"] + command)
            expectSuccess(try mq().run(["send", "zmq:\(path)", "-J"], input: .bytes(utf8("\(record)\n\(record)\n"))))
            let result = try program.wait()
            expectSuccess(result)
            return result
        }

        @Test("exec says once that a command gets frames joined")
        func joined() throws {
            let result = try Self.exec([], behind: ["cat"])
            #expect(result.text == "abab")
            let said = result.errorText.split(separator: "\n").filter { $0.contains("frame") }
            #expect(said == ["mq: message 1 has 2 frames: the command gets them joined, -J keeps them apart"], "\(result.errorText)")
        }

        @Test("It says nothing where the command is told where they end", arguments: [["-J"], ["--meta-fd", "3"]])
        func told(arguments: [String]) throws {
            let result = try Self.exec(arguments, behind: ["sh", "-c", "cat \(arguments[0] == "-J" ? "" : "<&3")"])
            #expect(!result.errorText.contains("joined"), "\(result.errorText)")
            #expect(result.lines.count == 2 && result.lines.allSatisfy { $0.contains(#""frames":[1,1]"#) }, "\(result.text)")
        }

        @Test("The event of a subscription can be printed, and there is no warning that it could not", arguments: ["native", "libzmq"])
        func event(engine: String) throws {
            let path = "ipc:///tmp/mq-\(UniqueName.make())"
            let publisher = try startOpen(
                ["recv", "zmq:xpub:@\(path),engine=\(engine)", "-n", "2", "-f", #"%h{event} %s\n"#])
            let subscriber = try mq().start(["recv", "zmq:sub:\(path),subscribe=abc"])
            try publisher.waitForLines(1)
            subscriber.send(signal: SIGTERM)
            _ = try subscriber.wait()
            let result = try publisher.wait()
            #expect(result.lines == ["subscribe \u{1}abc", "cancel \u{0}abc"], "\(result.errorText)")
            #expect(!result.errorText.contains("has nothing for"), "\(result.errorText)")
            let other = try mq().run("recv", "zmq:@ipc:///tmp/mq-\(UniqueName.make())", "-f", "%h{other}", "--timeout", "1ms")
            #expect(other.errorText.contains("zmq has nothing for %h{other}"))
        }

        @Test("bench measures two dealers, and says at once what has no stream of messages")
        func bench() throws {
            let result = try mq().run("bench", "zmq:dealer:temp", "-n", "1000", "--duration", "100ms", "--warmup", "10ms", "--windows", "1")
            #expect(result.status == 0 && !result.text.contains("FAILED"), "\(result.text)\(result.errorText)")
            for (type, hint) in [("req", "mq request"), ("rep", "mq request"), ("router", "zmq:dealer:"), ("stream", "of its own")] {
                let path = "ipc:///tmp/mq-\(UniqueName.make())"
                let refused = try mq().run("bench", "zmq:\(type):\(path)", "mem:temp")
                expectSentence(refused, 64, "zmq:\(type):\(path): a \(type) socket has no stream of messages of its own", hint)
                #expect(refused.text.isEmpty)
            }
        }
    }
}
