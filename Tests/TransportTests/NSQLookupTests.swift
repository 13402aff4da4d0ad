import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

/// Answers every request with the same bytes and closes, which no HTTP server would do for us.
private final class Canned {
    let port: Int
    private let listener: LoopbackSocket
    private let thread: Background<Void>

    init(_ body: String, status: String = "200 OK") throws {
        let listener = try LoopbackSocket.listen()
        (self.listener, port) = (listener, listener.localPort)
        thread = Background {
            while let connection = listener.accept() {
                var request: [UInt8] = []
                while !request.suffix(4).elementsEqual("\r\n\r\n".utf8), case .bytes = connection.read(appendingTo: &request) {}
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
            }
        }
    }

    deinit {
        listener.shutDown()
        _ = try? thread.join()
    }

    var peer: Peer { .tcp(host: "127.0.0.1", port: port) }

    static func producers(_ list: [(String, Int, Int)]) throws -> Canned {
        let producers = list.map { "{\"broadcast_address\":\"\($0.0)\",\"tcp_port\":\($0.1),\"http_port\":\($0.2),\"topics\":[\"t\"]}" }
        return try Canned("{\"channels\":[],\"producers\":[\(producers.joined(separator: ","))]}")
    }
}

@Suite("nsqlookupd", .ownThread, .timeLimit(.minutes(1)))
struct NSQLookupTests {
    private func producers(_ lookupds: [Peer], _ log: NoticeLog = NoticeLog()) throws -> [String] {
        try Lookup(lookupds, notices: log.notices).producers(ofTopic: "t", until: .after(.seconds(10)), stop: StopFlag()).map(\.peer.text)
    }

    private func error(_ lookupds: [Peer]) -> TransportError? {
        do { _ = try producers(lookupds) } catch { return error as? TransportError }
        return nil
    }

    @Test func theAnswersOfSeveralAreMerged() throws {
        let one = try Canned.producers([("a", 4150, 4151), ("b", 4150, 0)])
        let other = try Canned.producers([("b", 4150, 4151), ("b", 4152, 4153), ("::1", 4150, 4151)])
        let unknown = try Canned("{\"message\":\"TOPIC_NOT_FOUND\"}", status: "404 Not Found")
        #expect(try producers([one.peer, unknown.peer, other.peer]) == ["a:4150", "b:4150", "b:4152", "[::1]:4150"])
        #expect(try producers([unknown.peer]).isEmpty)
        let empty = try Canned("{\"producers\":null}")
        #expect(try producers([empty.peer]).isEmpty)
    }

    @Test func oneThatIsDownIsANoticeOnceAndAllThatAreDownAFailure() throws {
        let one = try Canned.producers([("a", 4150, 4151)])
        let gone = Peer.tcp(host: "127.0.0.1", port: try LoopbackSocket.freePort())
        let log = NoticeLog()
        let lookup = Lookup([gone, one.peer], notices: log.notices)
        for _ in 0..<3 { #expect(try lookup.nodes(until: .after(.seconds(10)), stop: StopFlag()).count == 1) }
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.hasPrefix("nsqlookupd \(gone.text): connection refused") == true)
        let failure = try #require(error([gone, gone]))
        #expect(failure.code == .unreachable && failure.isRetriable)
    }

    @Test func whatIsNoNSQLookupdIsToldFromOneThatKnowsNothing() throws {
        for (body, status) in [
            ("{\"message\":\"NOT_FOUND\"}", "404 Not Found"), ("<html>", "200 OK"), ("{\"producers\":{}}", "200 OK"), ("[]", "200 OK"),
            ("{\"producers\":[{}]}", "200 OK"), ("{\"producers\":[{\"broadcast_address\":\"a\",\"tcp_port\":0}]}", "200 OK"),
            ("{\"producers\":[{\"broadcast_address\":\"a/b\",\"tcp_port\":1}]}", "200 OK"), ("", "503 Service Unavailable"),
        ] {
            let canned = try Canned(body, status: status)
            let failure = try #require(error([canned.peer]), "\(body)")
            #expect(failure.code == .protocolViolation, "\(body)")
            #expect(failure.message.hasPrefix("nsqlookupd \(canned.peer.text): the answer is not nsqlookupd's"), "\(body)")
        }
    }

    @Test func aNameIsResolvedAsToldAndSlowOnesAreGivenUp() throws {
        let canned = try Canned.producers([("a", 4150, 4151)])
        let named = Lookup([.tcp(host: "lookup.invalid", port: canned.port)], resolve: ["lookup.invalid:\(canned.port):127.0.0.1"])
        #expect(try named.nodes(until: .after(.seconds(10)), stop: StopFlag()).count == 1)
        let silent = try LoopbackSocket.listen()
        let start = Deadline.now()
        let failure = #expect(throws: TransportError.self) {
            try Lookup([.tcp(host: "127.0.0.1", port: silent.localPort)]).nodes(until: .after(.milliseconds(200)), stop: StopFlag())
        }
        #expect(failure?.code == .unreachable)
        #expect(Deadline.now() - start < 1_000_000_000)
    }

    @Test func nonsenseIsAnErrorAndNeverWorse() {
        let reply = Array(
            "{\"channels\":[\"c\"],\"producers\":[{\"broadcast_address\":\"a\",\"tcp_port\":4150,\"http_port\":4151,\"tombstones\":[false]}]}"
                .utf8)
        let statistics = Array(
            """
            {"version":"1.3.0","topics":[{"topic_name":"t","channels":[{"channel_name":"c","depth":1,"backend_depth":0,"in_flight_count":2,\
            "paused":true,"e2e_processing_latency":{"count":2,"percentiles":[{"quantile":0.99,"value":2.8e8}]}}],"depth":9223372036854775807,\
            "message_count":3,"paused":false,"e2e_processing_latency":{"count":0,"percentiles":null}}],"memory":{}}
            """.utf8)
        var refused = 0
        let rounds = Fuzz.rounds { generator, seed in
            var bytes = Bool.random(using: &generator) ? reply : statistics
            switch Int.random(in: 0...2, using: &generator) {
            case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
            case 1:
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: bytes.indices, using: &generator)] = "0123456789-.e\"{}[]:,ntf\\ ".utf8.randomElement(
                        using: &generator)!
                }
            default: bytes = generator.bytes(upTo: 100, of: Array("{}[]\":,0123456789-.etrufalsn".utf8))
            }
            do throws(TransportError) { _ = try LookupReply(parsing: bytes) } catch { if error.code == .malformed { refused += 1 } }
            do throws(TransportError) {
                let topics = try AdminStatistics.parse(bytes)
                // Whatever the numbers are, adding and showing them is no trap.
                for topic in AdminStatistics.merged([topics, topics]) {
                    _ = topic.counts.topicFacts(topic.channels.map(\.counts))
                    for channel in topic.channels { _ = channel.counts.channelFacts }
                }
            } catch {
                #expect(error.code == .malformed, "seed \(seed)")
            }
        }
        #expect(refused > 0 && rounds > 0)
    }

    @Test func percentilesAreShownInMicroseconds() throws {
        let text = """
            {"topics":[{"topic_name":"t","e2e_processing_latency":{"count":2,"percentiles":[{"quantile":0.999,"value":282849452},\
            {"quantile":0.5,"value":1500}]}}]}
            """
        let topic = try #require(try AdminStatistics.parse(Array(text.utf8)).first)
        let facts = topic.counts.topicFacts([]).suffix(2)
        #expect(facts.map(\.key) == ["e2e_p50_us", "e2e_p99_9_us"])
        #expect(facts.map(\.value) == [.number(2), .number(282_849)])
    }
}

@Suite(
    "nsqlookupd itself", .ownThread, .timeLimit(.minutes(1)),
    .enabled(if: NSQDaemon.isAvailable && NSQLookupDaemon.isAvailable, "there is no nsqd or no nsqlookupd"))
struct NSQLookupDaemonTests {
    @Test func everyNSQDIsAskedAndToldThroughNSQLookupd() throws {
        let lookups = [try NSQLookupDaemon(), try NSQLookupDaemon()]
        let daemons = [try NSQDaemon(lookups: lookups), try NSQDaemon(lookups: lookups)]
        let root = "nsqlookup://" + lookups.map { "127.0.0.1:\($0.httpPort)" }.joined(separator: ",")
        let lookup = Lookup(lookups.map { .tcp(host: "127.0.0.1", port: $0.httpPort) })
        #expect(try eventually { try lookup.nodes(until: .after(.seconds(5)), stop: StopFlag()).count == 2 })
        let ports = Set(try lookup.nodes(until: .never, stop: StopFlag()))
        #expect(ports == Set(daemons.map { NSQNode(host: "127.0.0.1", tcpPort: $0.tcpPort, httpPort: $0.httpPort) }))

        let channel = try NSQAdminTests.admin("\(root)/t/c")
        #expect(try lookup.producers(ofTopic: "t", until: .never, stop: StopFlag()).isEmpty)
        #expect(try channel.create(exclusive: true))
        #expect(try eventually { try lookup.producers(ofTopic: "t", until: .never, stop: StopFlag()).count == 2 })
        for (daemon, count) in zip(daemons, [1, 2]) { for _ in 0..<count { try daemon.http("POST", "/pub?topic=t", body: [0x78]) } }
        #expect(try eventually { try channel.status()["messages"] == .number(3) })
        let status = try channel.status()
        #expect(status.address == "\(root)/t/c")
        #expect(status["nsqds"] == .number(2))
        #expect(Set(status.parts.map(\.address)) == Set(daemons.map { "nsq://127.0.0.1:\($0.tcpPort)/t/c" }))
        #expect(try channel.list().queues.map(\.address) == ["\(root)/t", "\(root)/t/c"])

        let one = try NSQAdminTests.admin("nsq://127.0.0.1:\(daemons[0].tcpPort)/t/c,http-port=\(daemons[0].httpPort)")
        try one.pause(true)
        #expect(try channel.status()["paused"] == .text("on 1 of 2 nsqds"))
        #expect(try channel.nodes().queues.map { $0["tombstones"] } == [.number(0), .number(0)])
        let node = try channel.onNode("127.0.0.1:\(daemons[0].tcpPort)")
        try node.pause(false)
        #expect(try channel.status()["paused"] == .flag(false))
        try node.pause(true)
        try channel.pause(true)
        #expect(try channel.status()["paused"] == .flag(true))
        #expect(try channel.purge() == 3)

        // Tombstoned and deleted on one of them, it is on the other still.
        try NSQAdminTests.admin("\(root)/t").onNode("127.0.0.1:\(daemons[0].tcpPort)").delete()
        #expect(try eventually { try lookup.producers(ofTopic: "t", until: .never, stop: StopFlag()).count == 1 })
        #expect(try daemons[0].http("GET", "/stats?format=json&topic=t").text.contains("topic_name") == false)
        try channel.delete()
        let topic = try NSQAdminTests.admin("\(root)/t")
        #expect(try topic.status()["channels"] == .number(0))
        try topic.delete()
        #expect(try eventually { try lookup.producers(ofTopic: "t", until: .never, stop: StopFlag()).isEmpty })
        #expect(try topic.list().queues.isEmpty)
        let failure = #expect(throws: TransportError.self) { try topic.delete() }
        #expect(failure?.code == .noSuchQueue)
    }
}
