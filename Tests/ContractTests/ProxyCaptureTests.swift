import Foundation
import MQTesting
import Testing

extension MessageContract {
    /// What `mq proxy` shows of what it moves.
    @Suite("proxy, looked at", .timeLimit(.minutes(1)))
    struct ProxyCaptureTests {
        private typealias Running = ProxyTests.Running

        @Test("A file gets every message of both sides, whole, behind what it held before", arguments: ProxyTests.engines)
        func file(engine: String) throws {
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let path = try fixture.directory() + "/capture.jsonl"
            try write(utf8("{}\n"), path)
            let proxy = try Running("router", "dealer", engine, ["--capture", path])
            let server = try mq().start(["serve", "zmq:rep:\(proxy.back)", "--echo"])
            let bodies: [[UInt8]] = [utf8("text"), Array(0...255)]
            expectSuccess(
                try mq().run(["request", "zmq:\(proxy.front)", "-F", "len32"], input: .bytes(TestFraming.len32.encode(bodies))))
            server.send(signal: SIGTERM)
            _ = try server.wait()
            try proxy.end("front 2 (")
            let lines = try String(decoding: contents(path), as: UTF8.self).split(separator: "\n").map { try jsonObject($0) }
            try #require(lines.count == 5)
            #expect(lines.map { $0["from"] as? String } == [nil, "front", "back", "front", "back"])
            #expect(lines[1...].map { ($0["frames"] as? [Int])?.dropFirst() } == [[0, 4], [0, 4], [0, 256], [0, 256]])
            let whole = try jsonBodies(
                String(decoding: contents(path), as: UTF8.self).split(separator: "\n").dropFirst().joined(separator: "\n"))
            #expect(whole.map { Array($0.suffix($0.count - 5)) } == [bodies[0], bodies[0], bodies[1], bodies[1]])
            #expect(lines[1...].allSatisfy { ($0["arrived"] as? Int ?? 0) > 1_600_000_000_000_000_000 })
        }

        @Test("A socket gets every message behind a frame that says where it came in", arguments: ProxyTests.engines)
        func socket(engine: String) throws {
            let tap = "ipc:///tmp/mq-\(UniqueName.make())"
            let watcher = try startOpen(["recv", "zmq:@\(tap)", "-J", "-n", "3"])
            let proxy = try Running("pull", "push", engine, ["--capture", "zmq:push:\(tap)"])
            let receiver = try mq().start(["recv", "zmq:\(proxy.back)", "-J", "-n", "3"])
            try proxy.program.waitForError("connected with a peer at \(tap)")
            let records = [#"{"body":"one"}"#, #"{"body":""}"#, #"{"body":"ab","frames":[1,1]}"#]
            expectSuccess(
                try mq().run(["send", "zmq:\(proxy.front)", "-J"], input: .bytes(utf8(records.joined(separator: "\n")))))
            #expect(try receiver.wait().lines == records)
            let seen = [
                #"{"body":"frontone","frames":[5,3]}"#, #"{"body":"front","frames":[5,0]}"#, #"{"body":"frontab","frames":[5,1,1]}"#,
            ]
            #expect(try watcher.wait().lines.filter { $0.hasPrefix("{") } == seen)
            try proxy.end("front 3 (5 B)")
            #expect(!proxy.program.errorText.contains("not captured"))
        }

        @Test(
            "A capture that fails, or that nobody takes, is said and holds nothing up",
            arguments: ["/dev/full", "zmq:push:ipc:///tmp/mq-nobody-\(getpid()),immediate"])
        func failing(capture: String) throws {
            let proxy = try Running("pull", "push", "native", ["--capture", capture])
            let receiver = try mq().start(["recv", "zmq:\(proxy.back)", "-n", "5000"])
            expectSuccess(try mq().run(["send", "zmq:\(proxy.front)"], input: .bytes(numberedLines(5000))))
            expectSuccess(try receiver.wait())
            try proxy.end("front 5,000 (")
            let text = proxy.program.errorText
            #expect(text.contains("nothing more is captured, and the proxy goes on") || text.contains("are not captured, only counted"))
            #expect(text.contains(capture == "/dev/full" ? " 5,000 not captured in " : " not captured in "), "\(text)")
        }

        @Test("A pipe that nobody empties holds nothing up, and gets whole lines")
        func pipe() throws {
            let result = try sh(
                """
                cd "$D"; mkfifo tap; exec 3<>tap
                mq proxy zmq:pull:@ipc://f zmq:@ipc://b --capture tap --ready-fd 4 --grace 100ms 4> ready 2> log & proxy=$!
                until [ "$(wc -l < ready)" = 2 ]; do sleep 0.01; done
                seq -f %0200.0f 20000 > input
                mq recv zmq:ipc://b -n 20000 > output & mq send zmq:ipc://f < input && wait $! && cmp input output && echo same
                kill $proxy; wait $proxy; echo $?
                timeout 0.2 cat <&3 > seen; head -100 seen | jq -r .body | cmp -n 20000 - input && echo whole
                grep -c 'are not captured, only counted' log; grep -c ' not captured in ' log
                """)
            #expect(result.lines == ["same", "143", "whole", "1", "1"], "\(result.errorText)")
        }

        @Test("SIGUSR1 says what has moved, and --status-addr answers and pauses", arguments: ProxyTests.engines)
        func status(engine: String) throws {
            let proxy = try Running("pull", "push", engine, ["--status-addr", "127.0.0.1:0", "--capture", "/dev/null"])
            try proxy.program.waitForError("status at ")
            let line = try #require(proxy.program.errorText.split(separator: "\n").first { $0.contains("status at ") })
            let url = String(line.split(separator: " ").last!)
            let receiver = try mq().start(["recv", "zmq:\(proxy.back)", "-n", "4"])
            expectSuccess(try mq().run("send", "zmq:\(proxy.front)", "abc", "d"))
            try receiver.waitForLines(2)
            let status = try sh(
                #"curl -sS "$U"; curl -sS "${U}metrics" | grep '^mq_messages_total'; curl -sS -X POST "${U}pause" > /dev/null; curl -sS "$U""#,
                ["U": url])
            let first = try jsonObject(try #require(status.lines.first))
            #expect(first["front"] as? Int == 2 && first["front_bytes"] as? Int == 4 && first["not_captured"] as? Int == 0)
            #expect(status.text.contains(#"result="front"} 2"#))
            #expect(try jsonObject(try #require(status.lines.last))["paused_since"] is String)
            let sender = try mq().start(["send", "zmq:\(proxy.front)", "e", "f"])
            proxy.program.send(signal: SIGUSR1)
            try proxy.program.waitForError("mq: front 2 (4 B)")
            #expect(receiver.text == "abc\nd\n")
            _ = try sh(#"curl -sS -X POST "${U}resume""#, ["U": url])
            #expect(try receiver.wait().lines == ["abc", "d", "e", "f"])
            expectSuccess(try sender.wait())
            try proxy.end("front 4 (6 B)")
        }
    }
}
