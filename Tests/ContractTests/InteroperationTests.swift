import Glibc
import MQTesting
import Testing

/// A Python with pynsq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }
private let hasTools = NSQDaemon.isAvailable && ["to_nsq", "nsq_tail", "nsq_to_file"].allSatisfy { NSQDaemon.tool($0) != nil }

extension KeepingContract {
    @Suite("Programs that speak NSQ", .serialized, .timeLimit(.minutes(1)))
    struct InteroperationTests {
        /// An address of the subject in its parts.
        private struct Place {
            var tcp: String
            var http: String
            var topic: String

            init(_ address: String) throws {
                let match = try #require(address.firstMatch(of: /nsq:\/\/(127.0.0.1:[0-9]+)\/([^\/]+)\/[^,]+,http-port=([0-9]+)/))
                (tcp, topic, http) = (String(match.1), String(match.2), "127.0.0.1:\(match.3)")
            }

            var words: [String: String] {
                var words = ["TCP": tcp, "HTTP": http, "T": topic]
                for name in ["to_nsq", "nsq_tail", "nsq_to_file"] { words[name] = NSQDaemon.tool(name) }
                return words
            }
        }

        private static let subjects = ContractSubject.all.filter { $0.transport == "nsq" }
        private static let count = 3000
        private var expected: [String] { (1...Self.count).map { "message \($0)" } }

        private func run(_ script: String, _ subject: ContractSubject) throws -> ProgramResult {
            var result: ProgramResult?
            try subject.withQueue { queue in
                result = try sh(script, try Place(queue.recv).words.merging(["A": queue.recv, "N": "\(Self.count)"]) { $1 })
            }
            return result!
        }

        private func expectAll(_ result: ProgramResult) {
            expectSuccess(result)
            #expect(result.lines.sorted() == expected.sorted(), "\(result.lines.count) lines; \(result.errorText)")
        }

        @Test("to_nsq to recv", .enabled(if: hasTools, "nsqd and its programs are not on PATH"))
        func toNSQ() throws {
            expectAll(
                try run(
                    #"seq -f 'message %g' $N | "$to_nsq" -nsqd-tcp-address=$TCP -topic=$T 2> /dev/null && mq recv "$A" -n $N"#, .nsqd))
        }

        @Test("send to nsq_tail", .enabled(if: hasTools, "nsqd and its programs are not on PATH"))
        func tail() throws {
            let script = """
                "$nsq_tail" -nsqd-tcp-address=$TCP -topic=$T -channel=tail -n $N > "$D/out" 2> /dev/null & p=$!
                until curl -s "http://$HTTP/stats?format=json&topic=$T&channel=tail" | grep -q '"client_count":1'; do sleep 0.05; done
                seq -f 'message %g' $N | mq send "$A" || exit 9; wait $p; cat "$D/out"
                """
            expectAll(try run(script, .nsqd))
        }

        @Test("send to nsq_to_file", .enabled(if: hasTools, "nsqd and its programs are not on PATH"))
        func toFile() throws {
            let script = """
                "$nsq_to_file" -nsqd-tcp-address=$TCP -topic=$T -channel=file -output-dir="$D/out" 2> /dev/null & p=$!
                until curl -s "http://$HTTP/stats?format=json&topic=$T&channel=file" | grep -q '"client_count":1'; do sleep 0.05; done
                seq -f 'message %g' $N | mq send "$A" || exit 9
                for i in $(seq 100); do [ "$(cat "$D"/out/* 2> /dev/null | wc -l)" -ge $N ] && break; sleep 0.1; done
                kill $p; wait $p; cat "$D"/out/*; rm -r "$D/out"
                """
            expectAll(try run(script, .nsqd))
        }

        @Test("curl to /pub and /mpub to recv", arguments: subjects)
        func curl(subject: ContractSubject) throws {
            let script = """
                seq -f 'message %g' $N > "$D/in"
                curl -sf -d 'message 1' "http://$HTTP/pub?topic=$T" > /dev/null || exit 9
                tail -n +2 "$D/in" | curl -sf --data-binary @- "http://$HTTP/mpub?topic=$T" > /dev/null || exit 8
                mq recv "$A" -n $N
                """
            expectAll(try run(script, subject))
        }

        private static let publisher = """
            import sys, nsq, tornado.ioloop
            tcp, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
            writer = nsq.Writer([tcp])
            state = {'sent': 0}
            def sent(conn, data):
                if isinstance(data, nsq.Error): sys.exit(3)
                state['sent'] += 1
                if state['sent'] == 2: tornado.ioloop.IOLoop.current().stop()
            def publish():
                if not writer.conns: return tornado.ioloop.IOLoop.current().call_later(0.02, publish)
                writer.pub(topic, b'message 1', sent)
                writer.mpub(topic, [b'message %d' % n for n in range(2, count + 1)], sent)
            tornado.ioloop.IOLoop.current().call_later(0.02, publish)
            tornado.ioloop.IOLoop.current().start()
            """

        @Test("pynsq to recv", .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pynsq"), arguments: subjects)
        func pynsqPublishes(subject: ContractSubject) throws {
            let script =
                "cat > \"$D/p.py\" <<'END'\n\(Self.publisher)\nEND\n" + #"'\#(python!)' "$D/p.py" $TCP $T $N && mq recv "$A" -n $N"#
            expectAll(try run(script, subject))
        }

        private static let consumer = """
            import sys, nsq, tornado.ioloop
            tcp, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
            state = {'left': count}
            def handle(message):
                print(message.body.decode())
                state['left'] -= 1
                # The last FIN goes out behind this call.
                if state['left'] == 0: tornado.ioloop.IOLoop.current().call_later(0.1, tornado.ioloop.IOLoop.current().stop)
                return True
            nsq.Reader(message_handler=handle, nsqd_tcp_addresses=[tcp], topic=topic, channel='contract', max_in_flight=100)
            tornado.ioloop.IOLoop.current().start()
            """

        @Test("send to pynsq", .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pynsq"), arguments: subjects)
        func pynsqConsumes(subject: ContractSubject) throws {
            let script =
                "cat > \"$D/p.py\" <<'END'\n\(Self.consumer)\nEND\n"
                + #"seq -f 'message %g' $N | mq send "$A" || exit 9; timeout 20 '\#(python!)' "$D/p.py" $TCP $T $N || exit 8; "#
                + #"mq stat "$A" --json | grep -q '"messages":0,.*"in_flight":0'"#
            expectAll(try run(script, subject))
        }
    }
}
