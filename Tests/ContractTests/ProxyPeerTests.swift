import Foundation
import MQTesting
import Testing

/// A Python with pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension MessageContract {
    /// `mq proxy` between the sockets of pyzmq.
    @Suite(
        "A proxy for programs of others", .timeLimit(.minutes(1)),
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pyzmq"))
    struct ProxyPeerTests {
        private typealias Running = ProxyTests.Running

        private static let head = """
            import sys, zmq
            context = zmq.Context()
            front, back = sys.argv[1:]
            def connected(kind, endpoint, **options):
                s = context.socket(kind)
                s.setsockopt(zmq.RCVTIMEO, 20000)
                for name, value in options.items(): s.setsockopt(getattr(zmq, name), value)
                s.connect(endpoint)
                return s
            messages = [[b"one"], [b""], [bytes(range(256)), b"", b"x"], [b"a"] * 300, [b"z" * 100_000, b"y"]]

            """

        /// Runs a program of Python with both endpoints of a proxy.
        private static func run(_ program: String, _ proxy: Running) throws {
            expectSuccess(try Executable(python!).run(["-c", head + program, proxy.front, proxy.back]))
        }

        @Test("A streamer passes every message on as it was", arguments: ProxyTests.engines)
        func streamer(engine: String) throws {
            let proxy = try Running("pull", "push", engine)
            try Self.run(
                """
                s, r = connected(zmq.PUSH, front), connected(zmq.PULL, back)
                for m in messages: s.send_multipart(m)
                assert [r.recv_multipart() for m in messages] == messages
                for n in range(5000): s.send(b"%d" % n)
                assert [r.recv() for n in range(5000)] == [b"%d" % n for n in range(5000)]
                """, proxy)
            try proxy.end("front 5,005 (")
        }

        @Test("A forwarder passes each subscription once, and its end when nobody wants it any more", arguments: ProxyTests.engines)
        func forwarder(engine: String) throws {
            let proxy = try Running("xsub", "xpub", engine)
            try Self.run(
                """
                p = connected(zmq.XPUB, front, XPUB_VERBOSER=1)
                one, two = connected(zmq.SUB, back, SUBSCRIBE=b"a"), connected(zmq.SUB, back)
                assert p.recv() == b"\\x01a"
                two.setsockopt(zmq.SUBSCRIBE, b"a")
                two.setsockopt(zmq.SUBSCRIBE, b"b")
                assert p.recv() == b"\\x01b"
                for m in [[b"a", b"1"], [b"c"], [b"b", b"", b"2"], [b"ab"]]: p.send_multipart(m)
                assert [one.recv_multipart() for _ in range(2)] == [[b"a", b"1"], [b"ab"]]
                assert [two.recv_multipart() for _ in range(3)] == [[b"a", b"1"], [b"b", b"", b"2"], [b"ab"]]
                # A publisher that comes later is told of both.
                q = connected(zmq.XPUB, front)
                assert sorted(q.recv() for _ in range(2)) == [b"\\x01a", b"\\x01b"]
                two.close()
                assert p.recv() == b"\\x00b" and q.recv() == b"\\x00b"
                one.setsockopt(zmq.UNSUBSCRIBE, b"a")
                assert p.recv() == b"\\x00a" and q.recv() == b"\\x00a"
                one.setsockopt(zmq.SUBSCRIBE, b"")
                assert p.recv() == b"\\x01" and q.recv() == b"\\x01"
                p.send(b"anything")
                assert one.recv() == b"anything"
                """, proxy)
            try proxy.end("front 4 (")
        }

        @Test("Messages of an XSUB reach every XPUB as they were, in order", arguments: ProxyTests.engines)
        func upstream(engine: String) throws {
            let proxy = try Running("xsub", "xpub", engine)
            try Self.run(
                """
                publishers = [connected(zmq.XPUB, front), connected(zmq.XPUB, front)]
                plain = connected(zmq.PUB, front)
                s = connected(zmq.XSUB, back)
                s.send(b"\\x01topic")
                assert [p.recv() for p in publishers] == [b"\\x01topic"] * 2
                # A message that begins with 0 or 1 would be a subscription.
                others = [m for m in messages if m[0][:1] not in (b"\\x00", b"\\x01")]
                assert len(others) == 4
                for m in others: s.send_multipart(m)
                for p in publishers: assert [p.recv_multipart() for m in others] == others
                for n in range(2, 500): s.send(b"%d" % n)
                for p in publishers: assert [p.recv() for n in range(2, 500)] == [b"%d" % n for n in range(2, 500)]
                # What is published still comes.
                plain.send(b"topic 1")
                assert s.recv() == b"topic 1"
                """, proxy)
            try proxy.end("back 502 (")
        }

        @Test("A queue brings every reply to whoever asked, with what is in front of the empty frame", arguments: ProxyTests.engines)
        func queue(engine: String) throws {
            let proxy = try Running("router", "dealer", engine)
            try Self.run(
                """
                import threading
                def work(kind):
                    s = connected(kind, back)
                    while True:
                        try: s.send_multipart(s.recv_multipart())
                        except zmq.ContextTerminated: return
                for _ in range(3): threading.Thread(target=work, args=(zmq.REP,), daemon=True).start()
                for kind, path in [(zmq.REQ, []), (zmq.DEALER, [b""]), (zmq.DEALER, [b"hop", b"hip", b""])]:
                    s = connected(kind, front)
                    for m in messages:
                        s.send_multipart(path + m)
                        assert s.recv_multipart() == path + m, (path, m)
                # Many at once come back, each to its own.
                clients = [connected(zmq.DEALER, front) for _ in range(5)]
                for n in range(100):
                    for c, s in enumerate(clients): s.send_multipart([b"", b"%d %d" % (c, n)])
                for c, s in enumerate(clients):
                    got = {s.recv_multipart()[1] for n in range(100)}
                    assert got == {b"%d %d" % (c, n) for n in range(100)}
                """, proxy)
            try proxy.end("front 515 (")
        }

        @Test("A client keeps the name that it gives itself", arguments: ProxyTests.engines)
        func identity(engine: String) throws {
            let proxy = try Running("router", "dealer", engine)
            try Self.run(
                """
                s, w = connected(zmq.DEALER, front, IDENTITY=b"ann"), connected(zmq.DEALER, back)
                s.send(b"x")
                assert w.recv_multipart() == [b"ann", b"x"]
                # One after the other, without being asked; and one for somebody who is not there.
                for m in [[b"ann", b"1"], [b"bob", b"?"], [b"ann", b"2", b""]]: w.send_multipart(m)
                assert s.recv_multipart() == [b"1"] and s.recv_multipart() == [b"2", b""]
                other = connected(zmq.DEALER, front)
                other.send(b"y")
                name, body = w.recv_multipart()
                assert len(name) == 5 and name[0] == 0 and body == b"y"
                w.send_multipart([name, b"z"])
                assert other.recv() == b"z"
                """, proxy)
            try proxy.end("front 2 (2 B)")
            #expect(proxy.program.errorText.contains(", 1 dropped in "), "\(proxy.program.errorText)")
        }
    }
}
