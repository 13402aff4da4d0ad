import Foundation
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// `mq post` as a user has it, to Python's HTTP server.
    @Suite("post", .timeLimit(.minutes(2)))
    struct PostProgramTests {
        private let fixture = Fixture()

        private func path(_ kind: String) -> String { "\(kind)/\(UniqueName.make())" }

        /// An empty queue of the kernel.
        private func withQueue(_ body: (_ queue: String, _ server: PythonWorker) throws -> Void) throws {
            try body(try ContractSubject.posixMQ.make(fixture, .small).send, try PythonWorker.shared())
        }

        @Test("The uses it was made for: the worker daemon of sqs, from a stand-in of the service")
        func seed() throws {
            let server = try PythonWorker.shared()
            let (queue, name, status) = (try ContractSubject.sqs.make(fixture, .large), UniqueName.make(), try LoopbackSocket.freePort())
            let path = "/status/200/\(name)"
            let program = try mq().start([
                "post", queue.recv, server.url(path), "--contract", "eb", "--health", "/health/\(name)", "-j", "10", "--status-addr",
                "127.0.0.1:\(status)",
            ])
            expectSuccess(try mq().run(["send", queue.send, "-H", "kind=a"], input: .text((1...30).map { "{\"n\":\($0)}\n" }.joined())))
            try program.waitForError("is not well")
            #expect(try server.requests(path).isEmpty)
            try server.setHealth(name, 200)
            try program.wait(until: { _ in (try? server.requests(path).count) ?? 0 >= 30 })
            let metrics = try LoopbackHTTP.request("GET", "/metrics", port: status)
            #expect(metrics.status == 200 && metrics.text.contains("# TYPE"))
            program.send(signal: SIGTERM)
            let result = try program.wait()
            #expect(result.ending == .signalled(SIGTERM) && result.errorText.contains("mq: 30 done, 0 retried"), "\(result.errorText)")
            let requests = try server.requests(path)
            #expect(Set(requests.map(\.body)) == Set((1...30).map { utf8("{\"n\":\($0)}") }) && requests.count == 30)
            for request in requests {
                #expect(request.headers["x-aws-sqsd-receive-count"] == "1" && request.headers["x-aws-sqsd-attr-kind"] == "a")
                #expect(request.headers["x-aws-sqsd-msgid"]?.isEmpty == false && request.headers["content-type"] == "application/json")
                #expect(request.headers["x-aws-sqsd-first-received-at"]?.wholeMatch(of: /[0-9-]{10}T[0-9:]{8}Z/) != nil)
            }
        }

        @Test("What is there is posted, what fails is held and tried again, and the account says so")
        func account() throws {
            try withQueue { queue, server in
                let path = path("/fail/1")
                expectSuccess(try mq().run(["send", queue, "a", "b"]))
                let result = try mq().run(["post", queue, server.url(path), "--drain", "-j", "2", "--backoff", "10ms:10ms"])
                expectSuccess(result)
                #expect(result.errorText.contains("mq: 2xx is done;"))
                #expect(result.errorText.contains("mq: 2 done, 2 retried, 0 rejected, 0 dead-lettered, 0 returned"), "\(result.errorText)")
                #expect(try server.requests(path).compactMap { $0.headers["mq-attempt"] }.sorted() == ["1", "1", "2", "2"])
            }
        }

        @Test("-v logs a line for each message, and --log-format json its parts")
        func log() throws {
            try withQueue { queue, server in
                expectSuccess(try mq().run(["send", queue, "a", "b"]))
                let plain = try mq().run(["post", queue, server.url("/status/200/x"), "-n", "1", "-v"])
                #expect(
                    plain.errorText.contains(/message, attempt 1: http:\/\/127.0.0.1:[0-9]+\/status\/200\/x 200 in [0-9]+ ms: ok/),
                    "\(plain.errorText)")
                let json = try mq().run(["post", queue, server.url("/status/200/x"), "-n", "1", "-v", "--log-format", "json"])
                let lines = try json.errorText.split(separator: "\n").map { try jsonObject($0) }
                let line = try #require(lines.first { $0["verdict"] != nil }, "\(json.errorText)")
                #expect(line["status"] as? Int == 200 && line["attempt"] as? Int == 1 && line["verdict"] as? String == "ok")
                #expect(line["ms"] is Int && (line["url"] as? String) == server.url("/status/200/x"))
            }
        }

        @Test("A worker that is gone for good ends the program with status 2, and its message is back in the queue")
        func gone() throws {
            try withQueue { queue, server in
                expectSuccess(try mq().run(["send", queue, "a"]))
                expectFailure(try mq().run(["post", queue, server.url("/status/410/x")]), 2, "answered 410")
                #expect(try mq().run(["recv", queue, "--drain"]).lines == ["a"])
            }
        }

        @Test("Asked to end, it lets a request finish; with --grace it gives the message back", arguments: [true, false])
        func ending(hasGrace: Bool) throws {
            try withQueue { queue, server in
                let path = path(hasGrace ? "/hang" : "/slow/0.4")
                expectSuccess(try mq().run(["send", queue, "a", "b"]))
                let program = try mq().start(["post", queue, server.url(path)] + (hasGrace ? ["--grace", "50ms"] : []))
                try program.wait(until: { _ in (try? server.requests(path).count) ?? 0 == 1 })
                program.send(signal: SIGTERM)
                let result = try program.wait(timeout: .seconds(5))
                #expect(result.ending == .signalled(SIGTERM))
                #expect(try mq().run(["recv", queue, "--drain"]).lines.sorted() == (hasGrace ? ["a", "b"] : ["b"]), "\(result.errorText)")
            }
        }

        @Test("Idle, it ends within 100 ms of a signal")
        func prompt() throws {
            try withQueue { queue, server in
                try expectPrompt("the end of an idle mq post", within: .milliseconds(100)) {
                    let program = try mq().start(["post", queue, server.url("/status/200"), "--ready-fd", "2"])
                    try program.waitForError("posix-mq:")
                    let start = ContinuousClock.now
                    program.send(signal: SIGTERM)
                    _ = try program.wait()
                    return ContinuousClock.now - start
                }
            }
        }

        // MARK: - TLS

        @Test("A certificate is checked, whatever the environment says", .enabled(if: Certificates.openssl != nil))
        func certificates() throws {
            let made = try Certificates.shared()
            let server = try PythonWorker(
                certificate: (made.path("server.pem"), made.path("server.key")), clientAuthority: made.path("ca.pem"))
            let url = "https://127.0.0.1:\(server.port)/status/200"
            try withQueue { queue, _ in
                expectSuccess(try mq().run(["send", queue, "a"]))
                let words = ["post", queue, url, "--drain", "--max-attempts", "1", "--backoff", "1ms:1ms"]
                let insecure = [
                    "CURL_INSECURE": "1", "SSL_VERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "PYTHONHTTPSVERIFY": "0",
                    "GIT_SSL_NO_VERIFY": "1", "CURLOPT_SSL_VERIFYPEER": "0",
                ]
                let refused = try mq().run(words, environment: insecure.mapValues { Optional($0) })
                #expect(refused.errorText.contains("certificate is not accepted"), "\(refused.errorText)")
                expectSuccess(try mq().run(["send", queue, "a"]))
                let good = try mq().run(
                    words + [
                        "--ca-file", made.path("ca.pem"), "--client-cert", made.path("client.pem"), "--client-key", made.path("client.key"),
                    ])
                expectSuccess(good)
                #expect(good.errorText.contains("1 done"), "\(good.errorText)")
            }
        }

        // MARK: - Bad input

        @Test(
            "Bad input is refused before anything is opened",
            arguments: [
                (["jobs"], "'jobs' is not a URL to post to"), (["http://h:99999/"], "its port is not a number from 1 to 65535"),
                (["http://h/", "--on", "600=ok"], "is not an HTTP status from 100 to 599"),
                (["http://h/", "--on", "404=ok", "--on", "400-499=stop"], "contradicts --on 404=ok"),
                (["http://h/", "--header", "Host: x"], "--header Host: mq sets that one itself"),
                (["http://h/", "--header", "no colon"], "has no colon"), (["http://h/", "--content-type", "a\nb"], "holds an end of line"),
                (["http://h/", "--health-limit", "3s"], "--health-limit needs --health"),
                (["http://h/", "--health", "x y"], "is not a URL to post to"),
                (["http://h/", "--client-key", "k"], "--client-key needs --client-cert"),
                (["http://h/", "-j", "0"], "-j '0' is not a whole number"),
                (["http://h/", "--contract", "sqsd"], "is not one of mq, eb"), (["http://h/", "--backoff", "5m:1s"], "--backoff '5m:1s'"),
                ([], "the url is missing"),
            ])
        func badInput(words: [String], sentence: String) throws {
            let result = try mq().run(["post", "posix-mq:/\(UniqueName.make())"] + words)
            expectFailure(result, 64, sentence)
        }

        @Test("Files that are not there, keys that are none, and a dead-letter address that is the source are refused")
        func badFiles() throws {
            try withQueue { queue, _ in
                let fixture = Fixture()
                defer { fixture.cleanUp() }
                let folder = try fixture.directory()
                try write(utf8("secret"), "\(folder)/key")
                expectFailure(try mq().run(["post", queue, "http://h/", "--sign-key-file", "\(folder)/key"]), 78, "does not hold a key")
                for flag in ["--sign-key-file", "--ca-file", "--client-cert"] {
                    expectFailure(try mq().run(["post", queue, "http://h/", flag, "\(folder)/none"]), 74, "\(folder)/none")
                }
                expectFailure(
                    try mq().run(["post", queue, "http://h/", "--max-attempts", "2", "--dead-letter", queue]), 64, "messages come from")
            }
        }
    }
}
