import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@testable import MQCommands

/// Messages posted to Python's HTTP server, which answers as its path says.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct PostWorkTests {
    private let fixture = Fixture()

    /// One run over a queue in this process, whose broker counts attempts.
    private final class Run {
        let queue: MemoryBroker, dead: MemoryBroker
        let console: Console
        var plan: PostPlan
        var work: WorkPlan
        private(set) var tally: Tally?

        init(_ fixture: Fixture, _ urls: String..., bodies: [String], properties: MessageProperties? = nil, console: Console = quiet) throws
        {
            (queue, dead, self.console) = (try MemoryBroker(fixture), try MemoryBroker(fixture), console)
            try queue.send(bodies, properties)
            plan = PostPlan(urls: try urls.map { try PostURL($0) })
            plan.queue = "mem:jobs"
            work = WorkPlan(queue.address)
            work.drains = true
            work.persistence.backoff = Backoff(shortest: .milliseconds(10), longest: .milliseconds(40))
            work.deadLetters = DeadLetters.Plan(attempts: 3, address: dead.address, retry: nil)
        }

        func perform() throws -> Ending {
            var surroundings = Surroundings()
            (surroundings.transport, surroundings.deadLetters, surroundings.isWatched) = (queue.transport, dead.transport, false)
            var found: Tally?
            let session = try WorkSession(work, console: console, surroundings: surroundings) {
                [plan, console] setting throws(TransportError) in
                found = setting.tally
                return try PostWork(plan, turn: setting.turn, console: console)
            }
            tally = found
            return try session.run()
        }

        var done: Int { tally!.counters.messages.load(ordering: .relaxed) }
        var retried: Int { tally!.retried.load(ordering: .relaxed) }
    }

    private func path(_ kind: String) -> String { "\(kind)/\(UniqueName.make())" }

    private func withFixture(_ body: (Fixture, PythonWorker) throws -> Void) throws {
        try body(fixture, try PythonWorker.shared())
    }

    // MARK: - Requests

    @Test func aBodyArrivesAsItIsWithItsHeaders() throws {
        try withFixture { fixture, server in
            let path = path("/status/200")
            var properties = MessageProperties()
            properties.attributes = [
                Attribute(name: "kind", value: "täg".bytes), Attribute(name: "evil", value: "a\r\nX-Evil: 1".bytes),
                Attribute(name: "nul", value: [0x61, 0]), Attribute(name: "big", value: [UInt8](repeating: 0x61, count: 128 << 10)),
                Attribute(name: "Content-Length", value: "3".bytes),
            ]
            let bodies = ["", "{}", "\u{0}\r\n\u{ff}", String(repeating: "x", count: 1 << 20)]
            let run = try Run(fixture, server.url(path), bodies: bodies, properties: properties)
            run.plan.headers = [("Authorization", "Bearer x")]
            #expect(try run.perform().isSuccess)
            let requests = try server.requests(path)
            #expect(requests.map(\.body) == bodies.map(\.bytes))
            #expect(
                requests.map { $0.headers["content-type"] }
                    == ["octet-stream", "json", "octet-stream", "octet-stream"].map { "application/\($0)" })
            for (number, request) in requests.enumerated() {
                #expect(request.method == "POST" && request.headers["content-length"] == "\(bodies[number].utf8.count)")
                #expect(request.headers["user-agent"] == "mq/\(Build.version)" && request.headers["authorization"] == "Bearer x")
                #expect(
                    request.headers["mq-queue"] == "mem:jobs" && request.headers["mq-attempt"] == "1"
                        && request.headers["mq-attr-kind"] == "täg")
                #expect(request.headers["mq-attr-content-length"] == "3" && request.headers["expect"] == nil)
                for name in ["mq-attr-evil", "x-evil", "mq-attr-nul", "mq-attr-big"] { #expect(request.headers[name] == nil, "\(name)") }
            }
            // One connection carried all of them.
            #expect(Set(requests.map(\.port)).count == 1)
        }
    }

    @Test func tenAtOnceUseTenConnectionsAgainAndAgain() throws {
        try withFixture { fixture, server in
            let path = path("/slow/0.01")
            let run = try Run(fixture, server.url(path), bodies: (0..<60).map { "\($0)" })
            run.plan.width = 10
            #expect(try run.perform().isSuccess && run.done == 60)
            let requests = try server.requests(path)
            #expect(Set(requests.map(\.body)).count == 60 && requests.count == 60)
            #expect((5...10).contains(Set(requests.map(\.port)).count), "\(Set(requests.map(\.port)).count)")
        }
    }

    /// The worker closes each connection when it has answered, and the next request goes out on it.
    @Test func aConnectionClosedAtTheMomentOfSendingCostsNoAttempt() throws {
        try withFixture { fixture, server in
            let path = path("/idle")
            let run = try Run(fixture, server.url(path), bodies: (0..<30).map { "\($0)" })
            #expect(try run.perform().isSuccess && run.done == 30 && run.retried == 0)
            #expect(try server.requests(path).map(\.body) == (0..<30).map { "\($0)".bytes })
        }
    }

    // MARK: - Verdicts

    @Test(arguments: [200, 201, 204, 299])
    func whatIsAnsweredWellIsDone(status: Int) throws {
        try withFixture { fixture, server in
            let run = try Run(fixture, server.url(path("/status/\(status)")), bodies: ["a"])
            #expect(try run.perform().isSuccess && run.done == 1)
            #expect(try run.queue.bodies().isEmpty && run.dead.bodies().isEmpty)
        }
    }

    @Test(arguments: [400, 404, 422])
    func whatIsRefusedIsADeadLetterThatSaysWhy(status: Int) throws {
        try withFixture { fixture, server in
            let path = path("/status/\(status)")
            let run = try Run(fixture, server.url(path) + "?body=" + String(repeating: "y", count: 300), bodies: ["a"])
            _ = try run.perform()
            #expect(try server.requests(path).count == 1)
            let letters = try run.dead.drain()
            #expect(letters.map(\.body) == ["a"])
            let attributes = Dictionary(
                (letters.first?.properties.attributes ?? []).map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
            ) { $1 }
            #expect(attributes["mq-status"] == "\(status)" && attributes["mq-detail"] == String(repeating: "y", count: 256))
            #expect(attributes["mq-reason"]?.contains("answered \(status)") == true && attributes["mq-attempts"] == "1", "\(attributes)")
        }
    }

    @Test(arguments: ["/status/408", "/status/425", "/status/429", "/status/500", "/redirect/302", "/redirect/308", "/reset", "/nonsense"])
    func whatMaySucceedLaterIsTriedAgainUntilItsAttemptsAreUsedUp(kind: String) throws {
        try withFixture { fixture, server in
            let path = path(kind)
            let run = try Run(fixture, server.url(path), bodies: ["a"])
            _ = try run.perform()
            let requests = try server.requests(path)
            #expect(requests.map { $0.headers["mq-attempt"] } == ["1", "2", "3"])
            #expect(try run.dead.bodies() == ["a"] && server.requests("/status/200/redirected").isEmpty)
        }
    }

    @Test func aWorkerThatRecoversGetsItsMessageAgain() throws {
        try withFixture { fixture, server in
            let path = path("/fail/2")
            let run = try Run(fixture, server.url(path), bodies: ["a", "b"])
            #expect(try run.perform().isSuccess && run.done == 2 && run.retried == 4)
            #expect(try server.requests(path).count == 6)
        }
    }

    @Test(arguments: ["1", "date"])
    func retryAfterIsWaitedFor(form: String) throws {
        try withFixture { fixture, server in
            var value = form
            if form == "date" {
                // In two seconds, which is between one and two from now.
                var (time, parts) = (time(nil) + 2, tm())
                gmtime_r(&time, &parts)
                var text = [CChar](repeating: 0, count: 64)
                strftime(&text, 64, "%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT", &parts)
                value = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            let path = path("/status/429")
            let run = try Run(fixture, server.url(path) + "?retry-after=\(value)", bodies: ["a"])
            run.work.deadLetters?.attempts = 2
            _ = try run.perform()
            let times = try server.requests(path).map(\.time)
            #expect(times.count == 2 && times[1] - times[0] >= 0.95 && times[1] - times[0] < 4, "\(times)")
        }
    }

    @Test func aWorkerThatIsGoneForGoodEndsTheProgramAndItsMessageGoesBack() throws {
        try withFixture { fixture, server in
            let run = try Run(fixture, server.url(path("/status/410")), bodies: ["a", "b"])
            let error = failure { try run.perform() }
            #expect(error?.code == .failure && error?.message.contains("answered 410") == true)
            #expect(try run.queue.bodies().sorted() == ["a", "b"] && run.dead.bodies().isEmpty)
        }
    }

    @Test func theContractOfElasticBeanstalkTriesAgainWhatIsNot200() throws {
        try withFixture { fixture, server in
            for (status, count) in [(204, 3), (404, 3), (410, 3), (200, 1)] {
                let path = path("/status/\(status)")
                let run = try Run(fixture, server.url(path), bodies: ["a"])
                (run.plan.contract, run.plan.queue) = (.eb, "jobs")
                _ = try run.perform()
                let requests = try server.requests(path)
                #expect(requests.map { $0.headers["x-aws-sqsd-receive-count"] } == (1...count).map { "\($0)" }, "\(status)")
                #expect(
                    requests.allSatisfy { $0.headers["x-aws-sqsd-queue"] == "jobs" && $0.headers["content-type"] == "application/json" })
            }
        }
    }

    // MARK: - Time

    @Test func theTimeoutThatPassedIsNamed() throws {
        try withFixture { fixture, server in
            let run = try Run(fixture, server.url(path("/hang")), bodies: ["a"])
            (run.plan.timeout, run.work.deadLetters!.attempts) = (.milliseconds(100), 1)
            _ = try run.perform()
            let reason = try run.dead.drain().first?.properties.attributes.first { $0.name == "mq-reason" }.map {
                String(decoding: $0.value, as: UTF8.self)
            }
            #expect(reason == "127.0.0.1:\(server.port): no reply within 100ms")
            let listener = FullListener()
            let other = try Run(fixture, "http://127.0.0.1:\(listener.port)/", bodies: ["a"])
            (other.plan.connectTimeout, other.work.deadLetters!.attempts) = (.milliseconds(100), 1)
            _ = try other.perform()
            let second = try other.dead.drain().first?.properties.attributes.first { $0.name == "mq-reason" }.map {
                String(decoding: $0.value, as: UTF8.self)
            }
            #expect(second == "127.0.0.1:\(listener.port): no connection within 100ms")
        }
    }

    // MARK: - Several URLs

    @Test func messagesGoToEachURLInTurn() throws {
        try withFixture { fixture, server in
            let paths = [path("/status/200"), path("/status/200")]
            let run = try Run(fixture, server.url(paths[0]), server.url(paths[1]), bodies: (0..<10).map { "\($0)" })
            #expect(try run.perform().isSuccess)
            #expect(try paths.map { try server.requests($0).count } == [5, 5])
        }
    }

    @Test func whereNobodyIsAnotherURLTakesTheMessageInTheSameAttempt() throws {
        try withFixture { fixture, server in
            let path = path("/status/200")
            let gone = try LoopbackSocket.freePort()
            let run = try Run(fixture, "http://127.0.0.1:\(gone)/", server.url(path), bodies: (0..<10).map { "\($0)" })
            run.plan.width = 2
            #expect(try run.perform().isSuccess && run.done == 10 && run.retried == 0)
            #expect(try server.requests(path).allSatisfy { $0.headers["mq-attempt"] == "1" })
        }
    }

    @Test func oneURLThatHangsLeavesTheOtherItsShare() throws {
        try withFixture { fixture, server in
            let (hung, well) = (path("/hang"), path("/slow/0.01"))
            let run = try Run(fixture, server.url(hung), server.url(well), bodies: (0..<100).map { "\($0)" })
            (run.plan.width, run.plan.timeout) = (4, .milliseconds(400))
            let start = Deadline.now()
            #expect(try run.perform().isSuccess && run.done == 100)
            #expect(try server.requests(hung).count <= 3)
            // 100 messages at two, then four, a hundredth of a second each.
            #expect(Deadline.now() - start < 3_000_000_000)
        }
    }

    // MARK: - Health

    @Test func nothingIsTakenBeforeTheWorkerIsWell() throws {
        try withFixture { fixture, server in
            let (path, name) = (path("/status/200"), UniqueName.make())
            let run = try Run(fixture, server.url(path), bodies: ["a"])
            (run.plan.health, run.plan.healthLimit) = ("/health/\(name)", .seconds(30))
            let waker = Background {
                usleep(250_000)
                try server.setHealth(name, 200)
            }
            #expect(try run.perform().isSuccess && run.done == 1)
            try waker.join()
            let (asked, posted) = (try server.requests("/health/\(name)"), try server.requests(path))
            #expect((2...6).contains(asked.count) && asked.allSatisfy { $0.method == "GET" })
            #expect(posted.count == 1 && posted[0].time >= asked.last!.time)
        }
    }

    @Test func aWorkerThatIsNeverWellEndsTheProgram() throws {
        try withFixture { fixture, server in
            let run = try Run(fixture, server.url(path("/status/200")), bodies: ["a"])
            (run.plan.health, run.plan.healthLimit) = ("/health/\(UniqueName.make())", .milliseconds(150))
            let error = failure { try run.perform() }
            #expect(
                error?.code == .unreachable && error?.message.hasPrefix("no URL has been well for ") == true
                    && error?.message.contains("answers 503") == true)
            #expect(try run.queue.bodies() == ["a"])
        }
    }

    /// It is away for a moment in the middle: its messages wait in the queue, not here.
    @Test func aWorkerThatIsAwayForAMomentLosesNothing() throws {
        let port = try LoopbackSocket.freePort()
        let first = try PythonWorker(port: port)
        try first.setHealth("x", 200)
        let run = try Run(fixture, first.url("/slow/0.005/x"), bodies: (0..<100).map { "\($0)" })
        (run.plan.width, run.plan.health, run.work.deadLetters!.attempts) = (4, "/health/x", nil)
        let change = Background {
            while try first.requests("/slow/0.005/x").count < 20 { usleep(2000) }
            first.end()
            let before = try first.requests("/slow/0.005/x")
            let second = try PythonWorker(port: port)
            try second.setHealth("x", 200)
            return (before, second)
        }
        #expect(try run.perform().isSuccess && run.done == 100)
        let (before, second) = try change.join()
        let after = try second.requests("/slow/0.005/x")
        #expect(Set((before + after).map(\.body)).count == 100)
        // What was under way when it went, and no more, is posted again.
        #expect(run.retried <= 8, "\(run.retried)")
    }

    // MARK: - Copies and signatures

    @Test func copiesOfWhatIsDoneAreAcknowledgedWithoutARequest() throws {
        try withFixture { fixture, server in
            let path = path("/slow/0.05")
            let run = try Run(fixture, server.url(path), bodies: [])
            var properties = MessageProperties()
            properties.id = "m-1"
            try run.queue.send(["a", "a", "a"], properties)
            try run.queue.send(["b"])
            (run.plan.width, run.plan.remembered) = (4, 10)
            #expect(try run.perform().isSuccess)
            let requests = try server.requests(path)
            #expect(requests.map { $0.headers["mq-id"] ?? "" }.sorted() == ["", "m-1"] && run.done == 4)
        }
    }

    @Test func aCopyOfWhatFailsTakesItsPlace() throws {
        try withFixture { fixture, server in
            let path = path("/fail/1")
            let run = try Run(fixture, server.url(path), bodies: [])
            var properties = MessageProperties()
            properties.id = "m-1"
            try run.queue.send(["a", "a"], properties)
            (run.plan.width, run.plan.remembered) = (2, 10)
            #expect(try run.perform().isSuccess && run.done == 2 && run.retried == 1)
            #expect(try server.requests(path).count == 2)
        }
    }

    @Test func eachAttemptIsSignedAnew() throws {
        try withFixture { fixture, server in
            let path = path("/status/503")
            let run = try Run(fixture, server.url(path), bodies: ["{\"a\":1}"])
            let key = [UInt8](0..<32)
            run.plan.signer = try WebhookSigner(keys: [key])
            run.work.persistence.backoff = Backoff(shortest: .milliseconds(600), longest: .milliseconds(600))
            _ = try run.perform()
            let requests = try server.requests(path)
            #expect(requests.count == 3 && Set(requests.compactMap { $0.headers["webhook-timestamp"] }).count >= 2)
            for request in requests {
                let (id, time) = (request.headers["webhook-id"] ?? "", Int64(request.headers["webhook-timestamp"] ?? "") ?? 0)
                let expected = try WebhookSigner(keys: [key]).headers(id: id, time: time, request.body)[2].value
                #expect(request.headers["webhook-signature"] == expected)
            }
        }
    }
}
