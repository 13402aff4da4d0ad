import Foundation
import MQTesting
import Testing

extension MessageContract {
    /// `mq proxy` between other verbs.
    @Suite("proxy", .timeLimit(.minutes(2)))
    struct ProxyTests {
        static let engines = ["native", "libzmq"]

        /// A running proxy with a free path at either end.
        struct Running {
            let program: RunningProgram
            let front = "ipc:///tmp/mq-\(UniqueName.make())"
            let back = "ipc:///tmp/mq-\(UniqueName.make())"

            init(_ front: String, _ back: String, _ engine: String, _ arguments: [String] = []) throws {
                let options = engine == "native" ? "" : ",engine=\(engine)"
                program = try mq().start(
                    ["proxy", "zmq:\(front):@\(self.front)\(options)", "zmq:\(back):@\(self.back)\(options)", "-v"] + arguments)
                try program.waitForError("listening on \(self.back)")
            }

            /// Waits until it has taken so many messages.
            func waitForFront(_ count: Int) throws { try ask(until: "mq: front \(count) (") }

            /// Waits until so many topics are subscribed to through it: who is connected has not said yet what it wants.
            func waitForTopics(_ count: Int) throws { try ask(until: ", \(count) topics") }

            private func ask(until words: String) throws {
                try #require(
                    eventually {
                        program.send(signal: SIGUSR1)
                        return (try? program.waitForError(words, timeout: .milliseconds(20))) != nil
                    })
            }

            /// Asks it to end, and requires that it says `words` last.
            func end(_ words: String, location: SourceLocation = #_sourceLocation) throws {
                program.send(signal: SIGTERM)
                let result = try program.wait()
                #expect(result.ending == .signalled(SIGTERM), "\(result.errorText)", sourceLocation: location)
                let line = result.errorText.split(separator: "\n").last ?? ""
                #expect(line.contains(words), "\(result.errorText)", sourceLocation: location)
                for path in [front, back] {
                    let file = String(path.dropFirst("ipc://".count))
                    #expect(!FileManager.default.fileExists(atPath: file), sourceLocation: location)
                }
            }
        }

        @Test(
            "A queue counts the same bytes of a request and of its echo: its own names for clients are none of them", arguments: engines,
            [[], ["--capture", "/dev/null"]])
        func bytes(engine: String, arguments: [String]) throws {
            let proxy = try Running("router", "dealer", engine, arguments)
            let server = try mq().start(["serve", "zmq:rep:\(proxy.back)", "--echo", "-n", "3", "-q"])
            let result = try mq().run("request", "zmq:\(proxy.front)", "abcd", "ef", "")
            #expect(result.lines == ["abcd", "ef", ""], "\(result.errorText)")
            expectSuccess(try server.wait())
            proxy.program.send(signal: SIGUSR1)
            try proxy.program.waitForError(", back 3 (6 B)")
            try proxy.end("front 3 (6 B)")
        }

        @Test("A streamer gives every message to one receiver, in order and with its frames", arguments: engines)
        func streamer(engine: String) throws {
            let proxy = try Running("pull", "push", engine)
            let bodies: [[UInt8]] = [[], Array(0...255), [UInt8](repeating: 7, count: 300_000), utf8("a\nb")]
            let input = TestFraming.len32.encode(bodies + (0..<20_000).map { utf8("\($0)") })
            let result = try sh(
                """
                cd "$D"; cat > input
                mq recv zmq:\(proxy.back) -F len32 -n 20004 > output & mq send zmq:\(proxy.front) -F len32 < input || exit 11
                wait $! && cmp input output && echo same
                """, input: .bytes(input))
            #expect(result.text == "same\n", "\(result.errorText)")
            let frames = try mq().start(["recv", "zmq:\(proxy.back)", "-J", "-n", "1"])
            let record = #"{"body":"abcd","frames":[1,0,3]}"#
            expectSuccess(try mq().run(["send", "zmq:\(proxy.front)", "-J"], input: .bytes(utf8(record))))
            #expect(try frames.wait().lines == [record])
            try proxy.end("front 20,005 (")
        }

        @Test("A streamer takes nothing while nobody is there to be given it", arguments: engines)
        func backPressure(engine: String) throws {
            let proxy = try Running("pull", "push", engine, ["--grace", "50ms"])
            let sent = try mq().run("send", "zmq:\(proxy.front)", "a", "b", "--timeout", "150ms")
            // libzmq reads ahead, which is all that its sender can know.
            if engine == "native" { #expect(sent.status == 75, "\(sent.errorText)") }
            try proxy.end("front 0 (0 B)")
        }

        @Test("Receivers share what comes, and one that is killed takes only what it was given", arguments: engines)
        func sharing(engine: String) throws {
            let proxy = try Running("pull", "push", engine)
            let receivers = try (0..<2).map { _ in try mq().start(["recv", "zmq:\(proxy.back)"]) }
            try proxy.program.wait(until: { $0.errorText.components(separatedBy: "connected with a peer at \(proxy.back)").count == 3 })
            expectSuccess(try mq().run(["send", "zmq:\(proxy.front)"], input: .bytes(numberedLines(1000))))
            for receiver in receivers { try receiver.waitForLines(500) }
            receivers[0].send(signal: SIGKILL)
            try proxy.program.waitForError("peer at \(proxy.back) disconnected")
            expectSuccess(try mq().run(["send", "zmq:\(proxy.front)"], input: .bytes(numberedLines(1000))))
            try receivers[1].waitForLines(1500)
            receivers[1].send(signal: SIGTERM)
            _ = try receivers[1].wait()
            try proxy.end("front 2,000 (")
        }

        @Test("A forwarder passes subscriptions to publishers, and what they send to those who want it", arguments: engines)
        func forwarder(engine: String) throws {
            let proxy = try Running("xsub", "xpub", engine)
            let subscribers = try ["a", "b"].map { topic in
                try mq().start(["recv", "zmq:sub:\(proxy.back),subscribe=\(topic)", "-n", "2"])
            }
            try proxy.waitForTopics(2)
            // A publisher that waits for two subscribers sees one: the proxy.
            expectSuccess(try mq().run("send", "zmq:pub:\(proxy.front)", "a1", "c1", "b1", "a2", "b2"))
            #expect(try subscribers.map { try $0.wait().lines } == [["a1", "a2"], ["b1", "b2"]])
            // The publisher sent what somebody wants, and nothing else.
            try proxy.end("front 4 (8 B)")
        }

        @Test("What a subscriber says beside subscriptions goes to the publishers, and is counted and captured", arguments: engines)
        func upstream(engine: String) throws {
            let path = "/tmp/mq-\(UniqueName.make())"
            defer { unlink(path) }
            let proxy = try Running("xsub", "xpub", engine, ["--capture", path])
            let publisher = try mq().start(["recv", "zmq:xpub:\(proxy.front)", "-J", "-n", "502"])
            try proxy.program.waitForError("connected with a peer at \(proxy.front)")
            // Subscriptions among them are still that, and the publisher hears of them before what is behind.
            // libzmq drops what is beyond the mark of 1000.
            let records = [#"{"body":"ab","frames":[1,1]}"#, #"{"body":"\u0001topic"}"#] + (1...500).map { #"{"body":"\#($0)"}"# }
            expectSuccess(
                try mq().run(["send", "zmq:xsub:\(proxy.back)", "-J"], input: .bytes(utf8(records.joined(separator: "\n") + "\n"))))
            let lines = try publisher.wait().lines
            #expect(lines.filter { !$0.contains("topic") } == [records[0]] + records[2...], "\(proxy.program.errorText)")
            #expect(lines.contains { $0.contains("topic") && $0.contains("subscribe") })
            try proxy.end("back 501 (")
            #expect(try contents(path).count { $0 == UInt8(ascii: "\n") } == 501)
        }

        @Test("A queue takes requests to servers and replies to whoever asked", arguments: engines)
        func queue(engine: String) throws {
            let proxy = try Running("router", "dealer", engine)
            let servers = try (0..<2).map { _ in try mq().start(["serve", "zmq:rep:\(proxy.back)", "--echo"]) }
            let clients = try (0..<3).map { number in
                try mq().start(["request", "zmq:\(proxy.front)"], input: .bytes(utf8((0..<200).map { "\(number)-\($0)\n" }.joined())))
            }
            for (number, client) in clients.enumerated() {
                let result = try client.wait()
                #expect(result.lines == (0..<200).map { "\(number)-\($0)" }, "\(result.errorText)")
            }
            for server in servers {
                server.send(signal: SIGTERM)
                #expect(try server.wait().errorText.contains(" answered, 0 failed, 0 undelivered"))
            }
            try proxy.end("front 600 (")
        }

        @Test("Asked to end, it waits for replies that are owed, and takes no more requests", arguments: engines)
        func graceful(engine: String) throws {
            let proxy = try Running("router", "dealer", engine)
            let server = try mq().start(["serve", "zmq:rep:\(proxy.back)", "--", "sh", "-c", "cat; sleep 0.2"])
            let client = try mq().start(["request", "zmq:\(proxy.front)", "x", "--timeout", "10s"])
            try proxy.program.waitForError("connected with a peer at \(proxy.front)")
            try proxy.waitForFront(1)
            try proxy.end("back 1 (")
            #expect(try client.wait().lines == ["x"])
            server.send(signal: SIGTERM)
            _ = try server.wait()
        }

        @Test("Without a reply in time it says so and ends", arguments: engines)
        func impatient(engine: String) throws {
            let proxy = try Running("router", "dealer", engine, ["--grace", "50ms"])
            let server = try mq().start(["serve", "zmq:rep:\(proxy.back)", "--", "sh", "-c", "sleep 20"])
            let client = try mq().start(["request", "zmq:\(proxy.front)", "x", "--timeout", "500ms"])
            try proxy.waitForFront(1)
            try proxy.end("front 1 (")
            #expect(proxy.program.errorText.contains("mq: 1 request got no reply in time"))
            #expect(try client.wait().status == 1)
            server.send(signal: SIGKILL)
        }

        @Test("An error begins with what it is about: the front, the back or the capture", arguments: engines)
        func subjects(engine: String) throws {
            let free = "ipc:///tmp/mq-\(UniqueName.make())"
            let absent = "ipc:///nowhere/\(UniqueName.make())"
            func says(_ arguments: [String], _ subject: String, location: SourceLocation = #_sourceLocation) throws {
                let result = try mq().run(["proxy"] + arguments)
                #expect(
                    result.errorText.split(separator: "\n").last?.hasPrefix("mq: \(subject): ") == true, "\(result.errorText)",
                    sourceLocation: location)
            }
            let options = engine == "native" ? "" : ",engine=\(engine)"
            let (front, back) = ("zmq:pull:@\(free)\(options)", "zmq:push:@\(absent)\(options)")
            try says(["zmq:pull:@\(absent)\(options)", "zmq:push:@\(free)\(options)"], "zmq:pull:@\(absent)")
            try says([front, back], "zmq:push:@\(absent)")
            try says([front, "zmq:push:@\(free),hwm=x"], "zmq:push:@\(free),hwm=x")
            try says([front, "zmq:push:@\(free),plain-users=/nowhere"], "zmq:push:@\(free)")
            try says([front, "zmq:push:@\(free)\(options)", "--capture", "/nowhere/file"], "/nowhere/file")
            try says([front, "zmq:push:@\(free)\(options)", "--capture", "zmq:push:@\(absent)"], "zmq:push:@\(absent)")
            let result = try mq().run("proxy", front, back, "--error-format", "json", "-q")
            #expect(try jsonObject(result.errorText)["address"] as? String == "zmq:push:@\(absent)")
        }

        @Test(
            "Two ends that do not go together are a usage error that names those that do",
            arguments: [
                (["zmq:pull:@ipc://x", "zmq:xpub:@ipc://y"], "pull in front and xpub behind do not make a proxy"),
                (
                    ["zmq:push:@ipc://x", "zmq:pull:@ipc://y"],
                    "xsub and xpub (forwarder), pull and push (streamer) or router and dealer (queue)"
                ),
                (["zmq:@ipc://x", "zmq:@ipc://y"], "neither address names its socket type"),
                (["zmq:sub:@ipc://x", "zmq:@ipc://y"], "a proxy has no sub socket in front"),
                (["zmq:@ipc://x", "zmq:rep:@ipc://y"], "a proxy has no rep socket behind"),
                (["zmq:xsub:@ipc://x,subscribe=a", "zmq:@ipc://y"], "has no subscriptions of its own"),
                (["posix-mq:/x", "zmq:push:@ipc://y"], "posix-mq cannot be an end of a proxy"),
                (["zmq:pull:@ipc://x,engine=native", "zmq:@ipc://y,engine=libzmq"], "engine=native at one end"),
                (["zmq:pull:@ipc://x", "zmq:@ipc://y", "--capture", "sysv:1"], "sysv cannot take a capture"),
            ])
        func usage(example: ([String], String)) throws { expectFailure(try mq().run(["proxy"] + example.0), 64, example.1) }
    }
}
