import Foundation
import MQTesting
import Testing

/// A Python with pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension MessageContract {
    /// `mq request` and `mq serve` with the sockets of pyzmq.
    @Suite(
        "Requests and replies with programs of others", .timeLimit(.minutes(1)),
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pyzmq"))
    struct RequestPeerTests {
        private static let head = """
            import sys, time, zmq
            context = zmq.Context()
            def bound(kind):
                socket = context.socket(kind)
                print(socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
                return socket
            def connected(kind, *options):
                socket = context.socket(kind)
                for option in options: socket.setsockopt(option, 1)
                socket.connect(sys.argv[1])
                return socket

            """

        /// Starts a server, which binds first, and returns it with its endpoint.
        private static func server(_ program: String) throws -> (program: RunningProgram, endpoint: String) {
            let server = try Executable(python!).start(["-c", head + program])
            try server.waitForLines(1)
            return (server, "tcp://127.0.0.1:\(server.text.trimmingCharacters(in: .whitespacesAndNewlines))")
        }

        private static let bodies: [[UInt8]] = [utf8("one"), [], Array(0...255), [UInt8](repeating: 1, count: 70_000)]

        /// Servers that send three requests back, each as its socket has it.
        private static let echoes = [
            "REP": "s = bound(zmq.REP)\nfor _ in range(4): s.send_multipart(s.recv_multipart())",
            "ROUTER": "s = bound(zmq.ROUTER)\nfor _ in range(4): s.send_multipart(s.recv_multipart())",
            // One that reads exactly three frames, as many do.
            "ROUTER, strict": """
            s = bound(zmq.ROUTER)
            for _ in range(4):
                who, empty, body = s.recv_multipart()
                s.send_multipart([who, b"", body])
            """,
            "broker": """
            import threading
            front, back = bound(zmq.ROUTER), context.socket(zmq.DEALER)
            back.bind("inproc://back")
            def work():
                s = context.socket(zmq.REP)
                s.connect("inproc://back")
                while True: s.send_multipart(s.recv_multipart())
            threading.Thread(target=work, daemon=True).start()
            zmq.proxy(front, back)
            """,
        ]

        @Test("Every kind of server answers", arguments: echoes.keys.sorted(), ["req", "dealer"])
        func servers(kind: String, type: String) throws {
            let (server, endpoint) = try Self.server(Self.echoes[kind]!)
            for engine in kind == "broker" ? ["native", "libzmq"] : ["native"] {
                let result = try mq().run(
                    ["request", "zmq:\(type):\(endpoint),engine=\(engine)", "-F", "len32"],
                    input: .bytes(TestFraming.len32.encode(Self.bodies)))
                #expect(result.status == 0 && result.output == TestFraming.len32.encode(Self.bodies), "\(result.errorText)")
            }
            server.send(signal: SIGKILL)
        }

        @Test("A DEALER that answers without an empty frame is understood by a DEALER")
        func dealers() throws {
            let (server, endpoint) = try Self.server(
                "s = bound(zmq.DEALER)\nassert s.recv_multipart() == [b'', b'x']\ns.send(b'bare')\ns.recv_multipart()\ns.send_multipart([b'', b'framed'])"
            )
            #expect(try mq().run("request", "zmq:dealer:\(endpoint)", "x", "y").lines == ["bare", "framed"])
            expectSuccess(try server.wait())
        }

        @Test("Every kind of client is answered, whatever stands in front of the empty frame", arguments: ["native", "libzmq"])
        func clients(engine: String) throws {
            let server = try startOpen(["serve", "zmq:@tcp://127.0.0.1:*,engine=\(engine)", "--echo"])
            let endpoint = try #require(server.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })
            let program =
                Self.head + """
                    bodies = [[b"one"], [b""], [bytes(range(256)), b"", b"x"]]
                    def ask(s, path):
                        for body in bodies:
                            s.send_multipart(path + body)
                            assert s.recv_multipart() == path + body, (path, body)
                    ask(connected(zmq.REQ), [])
                    ask(connected(zmq.REQ, zmq.REQ_CORRELATE, zmq.REQ_RELAXED), [])
                    for path in [[b""], [b"hop", b"", ], [b"1234", b"hop", b""]]: ask(connected(zmq.DEALER), path)
                    # Several at once, in order.
                    s = connected(zmq.DEALER)
                    for n in range(200): s.send_multipart([b"", b"%d" % n])
                    assert [s.recv_multipart()[1] for _ in range(200)] == [b"%d" % n for n in range(200)]
                    # What a REP drops does not stop it.
                    s.send(b"no request")
                    ask(s, [b""])
                    """
            let result = try Executable(python!).run(["-c", program, String(endpoint)])
            expectSuccess(result)
            server.send(signal: SIGTERM)
            let served = try server.wait()
            #expect(served.errorText.contains("1 message without an empty frame"), "\(served.errorText)")
        }

        @Test("A ROUTER answers without an empty frame where there was none, and knows who has gone", arguments: ["native", "libzmq"])
        func router(engine: String) throws {
            let server = try startOpen(
                ["serve", "zmq:router:@tcp://127.0.0.1:*,engine=\(engine)", "-n", "3"],
                behind: ["--", "sh", "-c", #"x=$(cat); test $x = gone && sleep 0.4; printf %s "$x""#])
            let endpoint = try #require(server.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })
            let program =
                Self.head + """
                    s = connected(zmq.DEALER)
                    s.send(b"bare")
                    assert s.recv_multipart() == [b"bare"]
                    s.send_multipart([b"", b"gone"])
                    time.sleep(0.1)
                    s.close(linger=0)
                    s = connected(zmq.REQ)
                    s.send(b"last")
                    assert s.recv() == b"last"
                    """
            expectSuccess(try Executable(python!).run(["-c", program, String(endpoint)]))
            let served = try server.wait()
            #expect(served.errorText.contains("2 answered, 0 failed, 1 undelivered"), "\(served.errorText)")
        }

        @Test(
            "A late reply is never taken for the next, from a server that sends the number back and from one that cannot read it",
            arguments: ["native", "libzmq"])
        func late(engine: String) throws {
            let (numbered, endpoint) = try Self.server(
                """
                s = bound(zmq.REP)
                for n in range(6):
                    body = s.recv()
                    if n == 1: time.sleep(0.4)
                    s.send(body)
                """)
            // The first tells that the number comes back; the second is late once.
            let result = try mq().run(
                "request", "zmq:\(endpoint),engine=\(engine)", "a", "b", "c", "d", "--retry", "5", "--timeout", "250ms")
            #expect(result.status == 0 && result.lines == ["a", "b", "c", "d"], "\(result.errorText)")
            numbered.send(signal: SIGKILL)

            let (strict, other) = try Self.server(
                """
                s = bound(zmq.ROUTER)
                late = 0
                while True:
                    frames = s.recv_multipart()
                    if len(frames) != 3: continue
                    if frames[2] == b"b":
                        late += 1
                        if late == 1: time.sleep(0.3)
                    s.send_multipart(frames)
                """)
            let again = try mq().run(
                "request", "zmq:\(other),engine=\(engine),reconnect=10ms", "a", "b", "c", "--retry", "5", "--timeout", "200ms")
            #expect(again.status == 0 && again.lines == ["a", "b", "c"], "\(again.errorText)")
            strict.send(signal: SIGKILL)
        }

        @Test("What a server sends beyond its reply is dropped and counted")
        func strays() throws {
            let fixture = Fixture()
            let folder = try fixture.directory()
            let (server, endpoint) = try Self.server(
                """
                s = bound(zmq.ROUTER)
                for n in b"123":
                    frames = s.recv_multipart()
                    for body in [frames[2], b"more", b"still more"]: s.send_multipart(frames[:2] + [body])
                    s.send_multipart([frames[0], b"no reply"])
                    # Until everything is on its way.
                    time.sleep(0.05)
                    open("\(folder)/%c" % n, "w").close()
                """)
            // The next question is asked once everything has come that belongs to the one before it.
            let script = """
                asked() { echo "$1"; until [ -e "$F/$2" ]; do sleep 0.01; done; }
                (asked a 1; asked b 2; asked c 3) | mq request "$A"
                """
            let result = try sh(script, ["A": "zmq:\(endpoint)", "F": folder])
            #expect(result.lines == ["a", "b", "c"])
            #expect(result.errorText.contains("6 late or foreign replies dropped"), "\(result.errorText)")
            expectSuccess(try server.wait())
        }

        @Test("--replies takes as many as it says, and fewer is the negative answer")
        func replies() throws {
            let (server, endpoint) = try Self.server(
                """
                s = bound(zmq.ROUTER)
                for _ in range(3):
                    who, empty, body = s.recv_multipart()
                    for n in b"12": s.send_multipart([who, b"", body + bytes([n])])
                """)
            #expect(try mq().run("request", "zmq:\(endpoint)", "a", "b", "--replies", "2").lines == ["a1", "a2", "b1", "b2"])
            expectFailure(
                try mq().run("request", "zmq:\(endpoint)", "c", "--replies", "3", "--timeout", "200ms"), 1, "2 of 3 replies within 200ms")
            expectSuccess(try server.wait())
        }

        @Test("Two servers are asked in turn, and one that has gone is passed over")
        func turns() throws {
            let server = { (name: String) in
                try Self.server("s = bound(zmq.REP)\nwhile True:\n    s.recv()\n    s.send(b'\(name)')")
            }
            let (one, first) = try server("1"), (two, second) = try server("2")
            let asking = try mq().start(["request", "zmq:\(first),\(second)", "--retry", "3", "-v"], input: .open)
            for endpoint in [first, second] { try asking.waitForError("connected with a peer at \(endpoint)") }
            for count in 1...7 {
                if count == 5 { one.send(signal: SIGKILL) }
                try asking.give("x\n")
                try asking.waitForLines(count)
            }
            let result = try asking.wait()
            #expect(
                result.status == 0 && result.lines.count == 7 && Set(result.lines[..<2]) == ["1", "2"]
                    && result.lines[4...].allSatisfy { $0 == "2" }, "\(result.errorText)")
            two.send(signal: SIGKILL)
        }
    }
}
