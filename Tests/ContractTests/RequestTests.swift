import Foundation
import MQTesting
import Testing

extension MessageContract {
    /// `mq request` and `mq serve` with each other.
    @Suite("request and serve", .timeLimit(.minutes(2)))
    struct RequestTests {
        private static let engines = [("native", "native"), ("native", "libzmq"), ("libzmq", "native"), ("libzmq", "libzmq")]

        /// A path that nobody else has.
        private static func path() -> String { "ipc:///tmp/mq-\(UniqueName.make())" }

        /// Starts `mq serve`, and returns it with its endpoint.
        private static func serve(
            _ arguments: [String], at address: String = "zmq:@tcp://127.0.0.1:*", options: String = ""
        ) throws -> (program: RunningProgram, endpoint: String) {
            let program = try startOpen(["serve", address + options], behind: arguments)
            let line = try #require(program.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })
            return (program, String(line))
        }

        @Test("Any bytes come back as they were, in order, whichever engine is at either end", arguments: engines)
        func bytes(pair: (String, String)) throws {
            let bodies: [[UInt8]] = [[], Array(0...255), [0], utf8("a\nb\n"), [UInt8](repeating: 7, count: 300_000), []]
            let (server, endpoint) = try Self.serve(["--echo", "-n", "\(bodies.count)"], options: ",engine=\(pair.0)")
            let result = try mq().run(
                ["request", "zmq:\(endpoint),engine=\(pair.1)", "-F", "len32"], input: .bytes(TestFraming.len32.encode(bodies)))
            expectSuccess(result)
            #expect(result.output == TestFraming.len32.encode(bodies))
            let served = try server.wait()
            expectSuccess(served)
            #expect(served.errorText.contains("6 answered, 0 failed, 0 undelivered"))
        }

        @Test("Messages of several frames keep them, with the number that --retry adds and without", arguments: engines)
        func frames(pair: (String, String)) throws {
            let path = Self.path()
            let result = try sh(
                """
                mq serve zmq:@\(path),engine=\(pair.0) --echo -n 6 &
                printf '%s\\n' '{"body":"abcd","frames":[1,0,3]}' '{"body":"","frames":[0,0]}' '{"body":"x"}' > $D/records
                mq request zmq:\(path),engine=\(pair.1) -J < $D/records && mq request zmq:\(path),engine=\(pair.1) -J --retry 1 < $D/records
                wait
                """)
            let lines = [#"{"body":"abcd","frames":[1,0,3]}"#, #"{"body":"","frames":[0,0]}"#, #"{"body":"x"}"#]
            #expect(result.lines == lines + lines, "\(result.errorText)")
        }

        @Test("A command's output is the reply, and what a failed one gets is said", arguments: ["native", "libzmq"])
        func commands(engine: String) throws {
            let command = ["--", "sh", "-c", #"x=$(cat); test "$x" = bad && exit 3; test "$x" = long && sleep 30; printf '%s' "<$x>""#]
            for (onError, replies) in [("empty", ["<a>", "", "", "<b>"]), ("no!", ["<a>", "no!", "no!", "<b>"])] {
                let (server, endpoint) = try Self.serve(
                    ["-n", "4", "--timeout", "150ms", "--on-error", onError] + command, options: ",engine=\(engine)")
                let result = try mq().run("request", "zmq:\(endpoint)", "a", "bad", "long", "b")
                #expect(result.lines == replies, "\(result.errorText)")
                let served = try server.wait()
                #expect(served.status == 0 && served.errorText.contains("2 answered, 2 failed, 0 undelivered"), "\(served.errorText)")
            }
        }

        @Test("With silence on errors whoever asks gets nothing, and the next is served")
        func silence() throws {
            let (server, endpoint) = try Self.serve(["-n", "2", "-v", "--", "sh", "-c", "test $(cat) = good"])
            let bad = try mq().run("request", "zmq:\(endpoint)", "bad", "good", "--timeout", "150ms")
            expectSentence(bad, 1, "no reply to request 1 within 150ms")
            expectSuccess(try mq().run("request", "zmq:\(endpoint)", "good"))
            let served = try server.wait()
            #expect(served.status == 0 && served.errorText.contains("request 1 has failed: exit status 1"), "\(served.errorText)")
        }

        @Test("Framed, a command reads a record and owes one")
        func framedCommands() throws {
            let (server, endpoint) = try Self.serve(
                [
                    "-n", "3", "-F", "lines", "--on-error", "?", "--", "sh", "-c",
                    #"read x; echo "<$x>"; test "$x" = two && echo more; true"#,
                ])
            #expect(try mq().run("request", "zmq:\(endpoint)", "one", "two", "three").lines == ["<one>", "?", "<three>"])
            expectSuccess(try server.wait())
            let (json, other) = try Self.serve([
                "-n", "1", "-J", "--", "sh", "-c", #"cat > /dev/null; echo '{"body":"xyz","frames":[1,2]}'"#,
            ])
            #expect(try mq().run("request", "zmq:\(other)", "-J", #"{"body":""}"#).lines == [#"{"body":"xyz","frames":[1,2]}"#])
            expectSuccess(try json.wait())
        }

        @Test("-j answers several at once and each to whoever asked", arguments: ["native", "libzmq"])
        func parallel(engine: String) throws {
            let path = Self.path()
            let result = try sh(
                """
                mq serve zmq:@\(path),engine=\(engine) -j 3 -n 3 -- sh -c 'x=$(cat); until test -e $D/1 -a -e $D/2 -a -e $D/3; do : > $D/$x; sleep 0.01; done; printf "<$x>"' &
                for n in 1 2 3; do mq request zmq:\(path) $n > $D/reply$n & done
                wait
                cat $D/reply1 $D/reply2 $D/reply3
                """)
            #expect(result.lines == ["<1>", "<2>", "<3>"], "\(result.errorText)")
        }

        @Test("What an earlier command left running does not write into a later reply")
        func leftovers() throws {
            let script = #"read x; if test "$x" = 1; then (sleep 0.1; echo late) & echo one; else sleep 0.2; echo "$x"; fi"#
            let (server, endpoint) = try Self.serve(["-n", "2", "-F", "lines", "--", "sh", "-c", script])
            #expect(try mq().run("request", "zmq:\(endpoint)", "1", "2").lines == ["one", "2"])
            expectSuccess(try server.wait())
        }

        @Test("Nobody there is 69, another socket 76, a peer that goes 1, each in a sentence", arguments: ["native", "libzmq"])
        func absence(engine: String) throws {
            let path = Self.path()
            expectSentence(
                try mq().run("request", "zmq:\(path),engine=\(engine)", "x", "--timeout", "150ms"), 69, "no peer is connected")
            let puller = try startOpen(["recv", "zmq:@tcp://127.0.0.1:*"])
            let endpoint = try #require(puller.errorText.split(separator: "\n").first { !$0.hasPrefix("mq: ") })
            expectFailure(
                try mq().run("request", "zmq:\(endpoint),engine=\(engine)", "x", "--timeout", "300ms"), 76, "is not a REP socket")
            let (server, address) = try Self.serve(["--", "sh", "-c", "echo taken >&2; exec sleep 20"])
            let asking = try mq().start(["request", "zmq:\(address),engine=\(engine)", "x", "-v"])
            try server.waitForError("taken")
            server.send(signal: SIGKILL)
            expectFailure(try asking.wait(), 1, "no reply: the peer has gone")
        }

        @Test("--count goes on with the first request behind the last, exactly N times, and says how long they took")
        func count() throws {
            let (server, endpoint) = try Self.serve(["--echo", "-n", "60"])
            let result = try mq().run("request", "zmq:\(endpoint)", "a", "b", "--count", "50")
            #expect(result.status == 0 && result.lines == (0..<50).map { $0 % 2 == 0 ? "a" : "b" })
            for word in ["mq: 50 round trips: p50 ", ", p99 ", ", max ", " per second"] { #expect(result.errorText.contains(word)) }
            let fewer = try mq().run(["request", "zmq:\(endpoint)", "-n", "9"], input: .bytes(numberedLines(7)))
            expectFailure(fewer, 1, "7 of 9 requests made")
            #expect(fewer.lines.count == 7)
            let figures = try mq().run("request", "zmq:\(endpoint)", "a", "--count", "3", "--log-format", "json").errorText
            for key in ["\"round_trips\":3", "\"per_second\":", "\"p50_ns\":", "\"p99_ns\":", "\"max_ns\":"] {
                #expect(figures.contains(key), "\(figures)")
            }
            expectSuccess(try server.wait())
        }

        @Test("Bad input ends it with its sentence, behind the replies before")
        func badInput() throws {
            let (server, endpoint) = try Self.serve(["--echo"])
            let malformed = try mq().run(["request", "zmq:\(endpoint)", "-J"], input: .bytes(utf8("{\"body\":\"a\"}\n{\n")))
            expectFailure(malformed, 65, "record 2")
            #expect(malformed.lines == [#"{"body":"a"}"#])
            expectFailure(
                try mq().run(["request", "zmq:\(endpoint)", "-J"], input: .bytes(utf8("{\"body\":\"a\",\"frames\":[5]}\n"))), 65,
                "record 1", "adds up to 5 bytes")
            expectFailure(try sh(#"mq request "$A" <&-"#, ["A": "zmq:\(endpoint)"]), 74, "standard input is closed")
            expectFailure(try sh(#"mq request "$A" x >&-"#, ["A": "zmq:\(endpoint)"]), 74, "standard output is closed")
            let none = try mq().run(["request", "zmq:\(endpoint)"], input: .nothing)
            #expect(none.status == 0 && none.output.isEmpty)
            server.send(signal: SIGTERM)
            #expect(try server.wait().ending == .signalled(SIGTERM))
        }

        @Test("A server restarted ten times under --retry: nothing is lost or wrongly paired", arguments: ["native", "libzmq"])
        func restarts(engine: String) throws {
            let path = Self.path()
            let result = try sh(
                """
                mq request zmq:\(path),engine=\(engine),reconnect=10ms --retry 30 --timeout 5s -v < <(seq 1 1100) > $D/replies & client=$!
                for n in $(seq 1 10); do
                    mq serve zmq:@\(path) --echo & server=$!
                    until test "$(wc -l < $D/replies)" -ge $((n * 90)); do sleep 0.005; done
                    kill -9 $server; wait $server
                done
                mq serve zmq:@\(path) --echo & server=$!
                wait $client; status=$?
                kill $server
                cmp $D/replies <(seq 1 1100) && exit $status
                """)
            #expect(result.status == 0, "\(result.errorText.suffix(2000))")
        }

        @Test("Ctrl-C ends a wait at once, and a service lets its command finish and delivers the reply", arguments: ["native", "libzmq"])
        func signals(engine: String) throws {
            let (server, endpoint) = try Self.serve(
                ["--", "sh", "-c", "echo running >&2; sleep 0.3; printf done"], options: ",engine=\(engine)")
            let asking = try mq().start(["request", "zmq:\(endpoint),engine=\(engine)", "x"])
            try server.waitForError("running")
            server.send(signal: SIGTERM)
            let result = try asking.wait()
            #expect(result.status == 0 && result.lines == ["done"], "\(result.errorText)")
            #expect(try server.wait().ending == .signalled(SIGTERM))
            try expectPrompt("the end of a request") {
                let (mute, address) = try Self.serve(["--", "sleep", "20"])
                let waiting = try mq().start(["request", "zmq:\(address),engine=\(engine)", "x", "-v"])
                try waiting.waitForError("connected with")
                let start = ContinuousClock.now
                waiting.send(signal: SIGINT)
                #expect(try waiting.wait().ending == .signalled(SIGINT))
                mute.send(signal: SIGKILL)
                return ContinuousClock.now - start
            }
        }

        @Test("A reader that goes ends it by SIGPIPE")
        func readerGone() throws {
            let (server, endpoint) = try Self.serve(["--echo"])
            let result = try sh(#"mq request "$A" x -n 1000000 | head -1; echo ${PIPESTATUS[0]}"#, ["A": "zmq:\(endpoint)"])
            #expect(result.lines == ["x", "141"])
            server.send(signal: SIGKILL)
        }

        @Test("Keys decide who is answered")
        func curve() throws {
            let result = try sh(
                """
                cd "$D"; mkdir friends
                mq keygen server > printed && mq keygen friends/ann >> printed && mq keygen stranger >> printed || exit 11
                mq serve zmq:@ipc://desk,curve-server,secret-key=server_secret,allow-keys=friends -n 1 --reply hello & server=$!
                mq request zmq:ipc://desk,server-key=server,secret-key=stranger_secret --timeout 300ms x 2> refused
                echo "stranger: $?"
                mq request zmq:ipc://desk,server-key=server,secret-key=friends/ann_secret --timeout 20s x || exit 12
                wait $server
                """)
            #expect(result.lines == ["stranger: 77", "hello"], "\(result.errorText)")
        }

        @Test(
            "What excludes or needs something else is a usage error",
            arguments: [
                (["serve", "zmq:@ipc://x"], "nothing says what to answer"),
                (["serve", "zmq:@ipc://x", "--echo", "--reply", "x"], "--echo and --reply exclude each other"),
                (["serve", "zmq:@ipc://x", "--echo", "-j", "2"], "-j is about a command"),
                (["serve", "zmq:rep:@ipc://x", "-j", "2", "--", "true"], "one request at a time"),
                (["serve", "zmq:pull:@ipc://x", "--echo"], "serve takes rep, router"),
                (["serve", "zmq:@ipc://x", "--", "no-such-command-at-all"], "there is no command"),
                (["request", "zmq:push:ipc://x", "y"], "request takes req, dealer"),
                (["request", "zmq:ipc://x", "y", "--retry", "1", "--replies", "2"], "exclude each other"),
                (["request", "posix-mq:/x", "y"], "posix-mq cannot make requests"),
                (["send", "zmq:req:ipc://x", "y"], "a req socket makes requests"),
            ])
        func usage(example: ([String], String)) throws { expectSentence(try mq().run(example.0), 64, example.1) }
    }
}
