import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@testable import MQCommands

/// What a working verb answers when it is asked over HTTP.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct StatusTests {
    private static func parse(_ text: String) -> StatusRequest? { StatusRequest.parse(Array(text.utf8)) }

    @Test func requestsAreUnderstood() {
        #expect(Self.parse("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == .report)
        #expect(Self.parse("HEAD /metrics?x=1 HTTP/1.0\r\n\r\n") == .metrics)
        #expect(Self.parse("POST /pause HTTP/1.1\n\n") == .pause)
        #expect(Self.parse("POST /resume HTTP/1.1\r\n\r\nbody") == .resume)
        #expect(Self.parse("GET / HTTP/1.1\r\nHost: x\r\n") == nil)
    }

    @Test(arguments: [
        ("GET /x HTTP/1.1\r\n\r\n", 404), ("GET /pause HTTP/1.1\r\n\r\n", 405), ("DELETE / HTTP/1.1\r\n\r\n", 405),
        ("POST /pause HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n", 403), ("POST /pause HTTP/1.1\r\noRIGIN: null\r\n\r\n", 403),
        ("nonsense\r\n\r\n", 400), ("GET / SPDY/3\r\n\r\n", 400), (String(repeating: "x", count: 9000), 431),
    ])
    func whatIsNotUnderstoodIsRefused(text: String, status: Int) {
        guard case .refused(status, _)? = Self.parse(text) else {
            Issue.record("\(String(describing: Self.parse(text)))")
            return
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func noBytesBreakIt(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["GET ", "POST ", "/", "/pause", " HTTP/1.1", "\r\n", "\n", "\r", "Origin:", "?", "\u{0}", "ÿ"]
        for _ in 0..<5000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                bytes += Array(words.randomElement(using: &random)!.utf8)
                if Bool.random(using: &random) { bytes.append(UInt8.random(in: 0...255, using: &random)) }
            }
            // Whole or in parts, the answer is the same.
            let whole = StatusRequest.parse(bytes)
            if let whole, whole != .refused(431, "the request is too long") { #expect(StatusRequest.parse(bytes + [10, 10]) == whole) }
        }
    }

    private func report(_ turn: Turn = Turn()) -> StatusReport {
        StatusReport(verb: "exec", address: "posix-mq:/a\"b\\", tally: Tally(), running: RunningJobs(), gate: Gate(turn))
    }

    @Test func aReportNamesWhatRunsAndSinceWhen() throws {
        let report = report()
        report.tally.counters.add(messages: 3, bytes: 0)
        report.tally.retried.add(2, ordering: .relaxed)
        var properties = MessageProperties()
        (properties.id, properties.attempts) = ("id\u{1b}", 4)
        report.running.begin(6, properties)
        report.running.begin(7, MessageProperties())
        report.running.end(7..<8)
        report.gate.close()
        let json = String(decoding: report.json, as: UTF8.self)
        for part in [
            "\"verb\":\"exec\"", "\"done\":3", "\"retried\":2", "\"dead_lettered\":0", "\"paused_since\":\"2", "\"number\":7",
            "\"attempt\":4",
            "\"id\":\"id\\u001b\"", "\"age_seconds\":0.",
        ] { #expect(json.contains(part), "\(part) in \(json)") }
        #expect(!json.contains("\"number\":8"))
        let metrics = String(decoding: report.metrics, as: UTF8.self)
        #expect(metrics.contains("mq_messages_total{verb=\"exec\",address=\"posix-mq:/a\\\"b\\\\\",result=\"done\"} 3\n"))
        #expect(metrics.contains("\nmq_paused{verb=\"exec\",address=\"posix-mq:/a\\\"b\\\\\"} 1\n") && metrics.contains("\nmq_running{"))
        // Each name has its kind, once.
        let kinds = metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(Set(kinds).count == kinds.count && kinds.count == 6)
    }

    @Test(arguments: [
        "", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:99999", "::1:80", "example.org:80", "[::1]", "0.0.0.0:80", "192.0.2.1:80",
    ])
    func anAddressThatIsNoneOrThatOthersReachIsRefused(text: String) {
        #expect(failure { try StatusAddress(parsing: text, isPublic: false) }?.code == .usage)
    }

    @Test func anAddressMayBePublicWhereThatIsSaid() throws {
        let place = try StatusAddress(parsing: "0.0.0.0:80", isPublic: true)
        #expect(place.host == "0.0.0.0" && place.port == 80)
    }

    /// Two at once, one of which says nothing, and one that takes a port that is taken.
    @Test(arguments: ["127.0.0.1:0", "localhost:0"])
    func theServerAnswersThoughAnotherIsSilent(text: String) throws {
        let turn = Turn(), report = report(turn)
        let server = try StatusServer(StatusAddress(parsing: text, isPublic: false), report)
        try server.start()
        let port = UInt16(server.url.dropLast().split(separator: ":").last!)!
        #expect(server.url == "http://127.0.0.1:\(port)/")
        let silent = try LoopbackSocket.connect(port: Int(port)), asking = try LoopbackSocket.connect(port: Int(port))
        asking.write("POST /pause HTTP/1.1\r\nHost: x\r\n\r\n")
        var answer: [UInt8] = []
        while case .bytes = asking.read(appendingTo: &answer) {}
        _ = silent
        let words = String(decoding: answer, as: UTF8.self)
        #expect(words.hasPrefix("HTTP/1.1 200 OK\r\n") && words.contains("\"paused_since\":\"2") && report.gate.isClosed)
        #expect(turn.flag.isRaised)
        #expect(failure { try StatusServer(StatusAddress(parsing: "127.0.0.1:\(port)", isPublic: false), report) }?.code == .cannotCreate)
    }
}

/// What systemd is told.
@Suite(.ownThread, .timeLimit(.minutes(1)), .serialized)
struct ServiceManagerTests {
    @Test func readinessAndSignsOfLifeReachTheSocket() throws {
        let path = "/tmp/\(UniqueName.make())"
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        #expect(status == 0)
        setenv("NOTIFY_SOCKET", path, 1)
        setenv("WATCHDOG_USEC", "40000", 1)
        let turn = Turn()
        let manager = try #require(ServiceManager(turn) { "3 done" })
        #expect(getenv("NOTIFY_SOCKET") == nil && getenv("WATCHDOG_USEC") == nil, "children do not speak for us")
        func next() -> String {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        try manager.ready()
        #expect(next() == "READY=1\nSTATUS=3 done")
        // The pump is woken, and it is the pump that shows life.
        while !turn.flag.isRaised { usleep(1000) }
        manager.beat()
        manager.beat()
        manager.stopping()
        var heard: Set<String> = []
        while !heard.contains("STOPPING=1\nSTATUS=3 done") { heard.insert(next()) }
        #expect(heard.contains("WATCHDOG=1") && heard.isSubset(of: ["STATUS=3 done", "WATCHDOG=1", "STOPPING=1\nSTATUS=3 done"]))
    }
}
