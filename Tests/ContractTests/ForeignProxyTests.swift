import Foundation
import MQTesting
import Testing

/// A Python with pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension MessageContract {
    /// libzmq's own proxy between two `mq`.
    @Suite(
        "Through a proxy of others", .timeLimit(.minutes(1)),
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pyzmq"))
    struct ForeignProxyTests {
        /// Proxies in a row: each pair of types, bound at `$D/0` and `$D/1`, then connected to `$D/1` and bound at `$D/2`, and so on.
        private static let program = """
            import sys, threading, zmq
            folder, front, back, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
            context = zmq.Context()
            for number in range(count):
                f, b = context.socket(getattr(zmq, front)), context.socket(getattr(zmq, back))
                # What is beyond a high-water mark an XPUB drops.
                f.set_hwm(0); b.set_hwm(0)
                if number == 0: f.bind("ipc://%s/0" % folder)
                else: f.connect("ipc://%s/%d" % (folder, number))
                b.bind("ipc://%s/%d" % (folder, number + 1))
                threading.Thread(target=zmq.proxy, args=(f, b), daemon=True).start()
            print("ready", flush=True)
            sys.stdin.read()
            """

        private static func run(_ front: String, _ back: String, _ count: Int, _ script: String) throws -> ProgramResult {
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let folder = try fixture.directory()
            let proxies = try Executable(python!).start(["-c", program, folder, front, back, "\(count)"], input: .open)
            defer { proxies.send(signal: SIGKILL) }
            try proxies.waitForLines(1)
            return try sh(script, in: folder)
        }

        @Test("Subscriptions and messages pass libzmq's XSUB and XPUB", arguments: ["native", "libzmq"])
        func forwarder(engine: String) throws {
            let result = try Self.run(
                "XSUB", "XPUB", 1,
                """
                # One subscription: a publisher that waits for its subscriber goes on with the first.
                mq recv zmq:sub:ipc://$D/1,engine=\(engine),subscribe=a -n 2000 > $D/out & r=$!
                (seq -f a%g 1000; seq -f c%g 1000; seq -f a%g 1001 2000) | mq send zmq:pub:ipc://$D/0,engine=\(engine),wait-peers=1 || exit 9
                wait $r || exit 8; seq -f a%g 2000 | cmp - $D/out && echo same
                """)
            #expect(result.lines == ["same"], "\(result.status) \(result.errorText)")
        }

        @Test("Requests and replies keep their way through three of libzmq's queues", arguments: ["native", "libzmq"])
        func queues(engine: String) throws {
            let result = try Self.run(
                "ROUTER", "DEALER", 3,
                """
                mq serve zmq:rep:ipc://$D/3,engine=\(engine) --echo -n 400 & s=$!
                for c in 1 2; do seq -f $c-%g 200 | mq request zmq:ipc://$D/0,engine=\(engine) --retry 1 > $D/out$c & eval r$c=$!; done
                wait $r1 && wait $r2 || exit 9
                for c in 1 2; do seq -f $c-%g 200 | cmp - $D/out$c && echo same; done; wait $s
                """)
            #expect(result.lines == ["same", "same"] && result.status == 0, "\(result.status) \(result.errorText)")
        }
    }
}
