import Foundation
import MQTesting
import Testing

/// A Python with posix_ipc, sysv_ipc and pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension KeepingContract {
    @Suite(
        "Programs of others", .serialized, .timeLimit(.minutes(1)),
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with posix_ipc, sysv_ipc and pyzmq"))
    struct ForeignPeerTests {
        /// What the foreign program does with `address`: four functions in Python for each transport.
        struct Peer: Sendable, CustomTestStringConvertible {
            var subject: ContractSubject
            /// Sets `put`, a function that sends bytes, and `get`, one that returns bytes.
            var python: String
            var testDescription: String { subject.name }
        }

        static let peers = [
            Peer(
                subject: .posixMQ,
                python: """
                    import posix_ipc
                    q = posix_ipc.MessageQueue(address.split(':')[1])
                    put, get = q.send, lambda: q.receive()[0]
                    """),
            Peer(
                subject: .sysV,
                python: """
                    import sysv_ipc
                    q = sysv_ipc.MessageQueue(int(address.split(':')[1], 0))
                    put, get = q.send, lambda: q.receive()[0]
                    """),
            Peer(subject: .zmqIPC, python: zmq), Peer(subject: .zmqTCP, python: zmq),
        ]

        private static let zmq = """
            import zmq
            c = zmq.Context()
            s = c.socket(zmq.PUSH if sends else zmq.PULL)
            endpoint = address.split(':', 1)[1]
            s.bind(endpoint[1:]) if endpoint.startswith('@') else s.connect(endpoint)
            put, get = s.send, s.recv
            """

        private static let bodies = """
            bodies = [bytes(range(256)), b'', b'text', b'a\\nb'] + [b'%d' % n for n in range(5000)]
            """

        @Test("What a foreign program sends is received", arguments: peers)
        func receive(peer: Peer) throws {
            try peer.subject.withQueue { queue in
                let program = "import sys\naddress, sends = sys.argv[1], True\n\(peer.python)\n\(Self.bodies)\nfor b in bodies: put(b)\n"
                let words = ["S": queue.send, "R": queue.recv, "P": python!, "PROGRAM": program]
                let result = try sh(#"mq recv "$R" -n 5004 -F len32 & "$P" -c "$PROGRAM" "$S" || exit 9; wait $!"#, words)
                #expect(result.status == 0, "\(result.errorText)")
                #expect(result.output == TestFraming.len32.encode(expected))
            }
        }

        @Test("What is sent a foreign program receives", arguments: peers)
        func send(peer: Peer) throws {
            try peer.subject.withQueue { queue in
                let program = """
                    import sys
                    address, sends = sys.argv[1], False
                    \(peer.python)
                    \(Self.bodies)
                    got = [get() for _ in bodies]
                    sys.stdin.read()
                    sys.exit(0 if got == bodies else 1)
                    """
                // It stays until the sender has ended: one that leaves with a receipt unanswered may have lost what it took.
                let receiver = try Executable(python!).start(["-c", program, queue.recv], input: .open)
                let sent = try mq().run(["send", queue.send, "-F", "len32"], input: .bytes(TestFraming.len32.encode(expected)))
                #expect(sent.status == 0, "\(sent.errorText)")
                receiver.endInput()
                let result = try receiver.wait()
                #expect(result.status == 0, "\(result.errorText)")
            }
        }

        private var expected: [[UInt8]] { [Array(0...255), [], utf8("text"), utf8("a\nb")] + (0..<5000).map { utf8("\($0)") } }
    }
}
