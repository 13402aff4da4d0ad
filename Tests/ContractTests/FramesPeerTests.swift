import Foundation
import MQTesting
import Testing

/// A Python with pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension MessageContract {
    /// DEALER, ROUTER, XPUB, XSUB and messages of several frames with the sockets of pyzmq.
    @Suite(
        "Frames with programs of others", .timeLimit(.minutes(1)),
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pyzmq"))
    struct FramesPeerTests {
        private static let engines = ["native", "libzmq"]
        private static let head = """
            import struct, sys, time, zmq
            context = zmq.Context()
            def connected(kind, name=None):
                socket = context.socket(kind)
                if name: socket.setsockopt(zmq.IDENTITY, name)
                monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
                socket.connect(sys.argv[1])
                monitor.recv_multipart()
                socket.disable_monitor()
                return socket
            def bound(kind, **options):
                socket = context.socket(kind)
                for name, value in options.items(): socket.setsockopt(getattr(zmq, name), value)
                print("tcp://127.0.0.1:%d" % socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
                return socket

            """

        private static func run(_ program: String, at endpoint: String) throws -> ProgramResult {
            try Executable(python!).run(["-c", head + program, endpoint])
        }

        /// Starts a program that binds first, and returns it with its endpoint.
        private static func start(_ program: String) throws -> (program: RunningProgram, endpoint: String) {
            let peer = try Executable(python!).start(["-c", head + program])
            try peer.waitForLines(1)
            return (peer, peer.text.trimmingCharacters(in: .whitespacesAndNewlines))
        }

        private static func open(_ arguments: [String], behind rest: [String]) throws -> (program: RunningProgram, endpoint: String) {
            let program = try startOpen(arguments, behind: rest)
            return (program, String(try #require(program.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })))
        }

        @Test("A ROUTER of mq names the DEALER and the REQ that sent", arguments: engines)
        func receivingRouter(engine: String) throws {
            let (router, endpoint) = try Self.open(["recv", "zmq:router:@tcp://127.0.0.1:*,engine=\(engine)"], behind: ["-J", "-n", "2"])
            expectSuccess(
                try Self.run(
                    """
                    connected(zmq.DEALER, b"dealer").send_multipart([b"a", b"", b"b"])
                    connected(zmq.REQ, b"req").send(b"ask")
                    """, at: endpoint))
            let lines = try router.wait().lines.sorted()
            #expect(lines == [#"{"body":"dealerab","frames":[6,1,0,1]}"#, #"{"body":"reqask","frames":[3,0,3]}"#])
        }

        @Test("A ROUTER of mq sends to DEALER and REQ by their names", arguments: engines)
        func sendingRouter(engine: String) throws {
            let (router, endpoint) = try Self.open(
                ["send", "zmq:router:@tcp://127.0.0.1:*,wait-peers=2,engine=\(engine)"],
                behind: ["--frames", "3", "one", "x", "y", "two", "", "answer", "one", "", "z"])
            let result = try Self.run(
                """
                two = connected(zmq.REQ, b"two")
                # A REQ drops what comes before its request.
                two.send(b"question")
                one = connected(zmq.DEALER, b"one")
                assert two.recv_multipart() == [b"answer"]
                assert one.recv_multipart() == [b"x", b"y"]
                assert one.recv_multipart() == [b"", b"z"]
                """, at: endpoint)
            expectSuccess(result)
            expectSuccess(try router.wait())
        }

        @Test("A DEALER of mq is understood by REP and ROUTER, and takes turns", arguments: engines)
        func sendingDealer(engine: String) throws {
            let (rep, first) = try Self.start(
                "s = bound(zmq.REP)\nfor _ in range(2):\n    print(s.recv(), flush=True)\n    s.send(b'thanks')")
            let (router, second) = try Self.start("s = bound(zmq.ROUTER)\nfor _ in range(2): print(s.recv_multipart(), flush=True)")
            let sent = try mq().run(
                "send", "zmq:dealer:\(first),\(second),identity=me,wait-peers=2,engine=\(engine)", "--delimiter-frame", "a", "b", "c", "d")
            expectSuccess(sent)
            let (one, two) = (try rep.wait().lines.dropFirst(), try router.wait().lines.dropFirst())
            #expect(one.count == 2 && two.count == 2)
            let bodies = one + two.map { $0.replacingOccurrences(of: "[b'me', b'', ", with: "").replacingOccurrences(of: "]", with: "") }
            #expect(bodies.sorted() == ["b'a'", "b'b'", "b'c'", "b'd'"])
        }

        @Test("A DEALER of mq receives what a ROUTER sends to its name", arguments: engines)
        func receivingDealer(engine: String) throws {
            let (router, endpoint) = try Self.start(
                """
                s = bound(zmq.ROUTER)
                s.setsockopt(zmq.ROUTER_MANDATORY, 1)
                while True:
                    try:
                        s.send_multipart([b"me", b"", b"work"])
                        break
                    except zmq.ZMQError: time.sleep(0.005)
                s.send_multipart([b"me", b"plain"])
                """)
            let result = try mq().run(
                "recv", "zmq:dealer:\(endpoint),identity=me,engine=\(engine)", "-n", "2", "-J")
            #expect(result.lines == [#"{"body":"work","frames":[0,4]}"#, #"{"body":"plain"}"#], "\(result.errorText)")
            expectSuccess(try router.wait())
        }

        @Test("An XPUB of mq shows the subscriptions of SUB and XSUB, and what an XSUB says beside them", arguments: engines)
        func receivingXPUB(engine: String) throws {
            let (publisher, endpoint) = try Self.open(["recv", "zmq:xpub:@tcp://127.0.0.1:*,engine=\(engine)"], behind: ["-n", "6", "-J"])
            expectSuccess(
                try Self.run(
                    """
                    sub = connected(zmq.SUB)
                    sub.subscribe(b"news")
                    sub.close(linger=-1)
                    x = connected(zmq.XSUB)
                    for frames in [[b"\\x01top"], [b"hello", b"there"], [b"\\x00top"], [b"\\x01"]]: x.send_multipart(frames)
                    """, at: endpoint))
            let event = { (word: String) in #""attributes":{"event":"\#(word)"}}"# }
            let lines = try publisher.wait().lines
            // The two are connections of their own.
            #expect(
                lines.filter { $0.contains("news") } == [
                    #"{"body":"\u0001news","# + event("subscribe"), #"{"body":"\u0000news","# + event("cancel"),
                ])
            #expect(
                lines.filter { !$0.contains("news") } == [
                    #"{"body":"\u0001top","# + event("subscribe"), #"{"body":"hellothere","frames":[5,5]}"#,
                    #"{"body":"\u0000top","# + event("cancel"), #"{"body":"\u0001","# + event("subscribe"),
                ])
        }

        @Test("An XSUB of mq subscribes at an XPUB and a PUB by its messages", arguments: engines)
        func sendingXSUB(engine: String) throws {
            let (publisher, endpoint) = try Self.start("s = bound(zmq.XPUB)\nfor _ in range(3): print(s.recv_multipart(), flush=True)")
            let result = try mq().run(
                ["send", "zmq:xsub:\(endpoint),engine=\(engine)", "-0"],
                input: .bytes([1] + utf8("topic") + [0] + utf8("hello") + [0, 1, 0x61, 0]))
            expectSuccess(result)
            #expect(try publisher.wait().lines.dropFirst() == [#"[b'\x01topic']"#, "[b'hello']", #"[b'\x01a']"#])
        }

        @Test("What an XSUB held for a publisher that has gone holds up nobody", arguments: engines)
        func goneXSUB(engine: String) throws {
            let (publisher, endpoint) = try Self.start(
                "s = bound(zmq.XPUB, RCVHWM=1)\nprint(len(s.recv()), flush=True)\ntime.sleep(0.2)\ns.close(linger=0)")
            var messages = [UInt8](repeating: 0x61, count: 20_000_000)
            for end in stride(from: 99_999, to: messages.count, by: 100_000) { messages[end] = 0 }
            let result = try mq().run(["send", "zmq:xsub:\(endpoint),engine=\(engine)", "-0"], input: .bytes(messages))
            #expect(result.status == 0 || result.status == 69, "\(result.status) \(result.errorText)")
            expectSuccess(try publisher.wait())
        }

        @Test("A feed such as Bitcoin's is counted: gaps, and the end of 32 bits, which is none", arguments: engines)
        func feed(engine: String) throws {
            let (publisher, endpoint) = try Self.start(
                """
                s = bound(zmq.XPUB)
                s.recv()
                for topic, n in [(b"hashblock", 2**32 - 2), (b"hashtx", 7), (b"hashblock", 2**32 - 1), (b"hashblock", 0), (b"hashtx", 9),
                                 (b"hashblock", 1), (b"hashblock", 1), (b"hashblock", 5), (b"hashblock", 0), (b"hashblock", 1)]:
                    s.send_multipart([topic, bytes(32), struct.pack("<I", n)])
                s.send_multipart([b"hashtx", b"short"])
                time.sleep(0.3)
                """)
            let result = try mq().run(
                "recv", "zmq:sub:\(endpoint),engine=\(engine)", "-n", "11", "-J", "--seq", "frame=3,le32", "--log-format", "json")
            #expect(result.status == 0 && result.lines.count == 11)
            let log = try result.errorText.split(separator: "\n").map { try jsonObject($0) }
            let findings = log.compactMap { $0["finding"] as? String }
            #expect(findings == ["gap", "duplicate", "gap", "step-back"], "\(result.errorText)")
            let sum = try #require(log.last?["sequence"] as? [String: Int])
            #expect(
                sum == [
                    "messages": 11, "topics": 2, "gaps": 2, "missing": 4, "duplicates": 1, "steps-back": 1, "unnumbered": 1, "unwatched": 0,
                ])
            expectSuccess(try publisher.wait())
        }

        @Test("Frames of any bytes come back as records, both ways")
        func records() throws {
            let frames: [[UInt8]] = [[], Array(0...255), utf8("a\n"), [0], [], utf8("x")]
            let (push, source) = try Self.start(
                "s = bound(zmq.PUSH)\ns.send_multipart([b'', bytes(range(256)), b'a\\n'])\ns.send_multipart([b'\\0', b'', b'x'])")
            let received = try mq().run("recv", "zmq:\(source)", "-n", "2", "--frames", "3", "-F", "len32")
            #expect(received.status == 0 && received.output == TestFraming.len32.encode(frames), "\(received.errorText)")
            expectSuccess(try push.wait())
            let (pull, target) = try Self.start(
                "s = bound(zmq.PULL)\nassert s.recv_multipart() == [b'', bytes(range(256)), b'a\\n']\nassert s.recv_multipart() == [b'\\0', b'', b'x']"
            )
            expectSuccess(try mq().run(["send", "zmq:\(target)", "--frames", "3", "-F", "len32"], input: .bytes(received.output)))
            expectSuccess(try pull.wait())
        }
    }
}
