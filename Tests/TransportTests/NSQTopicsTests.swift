import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

/// Several topics by one receiver: named, or looked for.
@Suite("nsq: several topics", .timeLimit(.minutes(1)))
struct NSQTopicsTests {
    private static func address(_ server: NSQStandIn, _ queue: String, _ options: String = "") -> String {
        "nsq://127.0.0.1:\(server.tcpPort)/\(queue),http-port=\(server.httpPort)\(options)"
    }
    private static func lookup(_ server: NSQStandIn, _ queue: String, _ options: String = "") -> String {
        "nsqlookup://127.0.0.1:\(server.httpPort)/\(queue),poll=100ms\(options)"
    }

    /// Takes `count` messages, with the topic in front of each.
    private func take(
        _ count: Int, _ receiver: any Receiver, within limit: Duration = .seconds(10), as settlement: Settlement = .acknowledge
    ) throws -> [String] {
        var found: [String] = []
        var batch = Batch()
        batch.wantsProperties = true
        while found.count < count {
            batch.removeAll()
            let outcome = try receiver.receive(
                into: &batch, limit: count - found.count, byteLimit: 1 << 17, until: .after(limit), stop: StopFlag())
            if outcome != .received { break }
            for index in 0..<batch.count {
                found.append("\(batch.properties(of: index).queue ?? "-") \(String(decoding: batch.bytes(of: index), as: UTF8.self))")
            }
            try receiver.settle(last: batch.count, as: settlement)
        }
        return found.sorted()
    }

    private func publish(_ server: NSQStandIn, _ topics: String...) {
        for topic in topics { server.publish([Array("of \(topic)".utf8)], to: topic) }
    }

    @Test func namedTopicsAreReceivedTogetherAndEachMessageSaysFromWhere() throws {
        let server = try NSQStandIn()
        publish(server, "a", "b", "c")
        let receiver = try NSQTransport.at(Self.address(server, "a+b/ch")).openReceiver(NSQ.opening())
        #expect(try take(2, receiver) == ["a of a", "b of b"])
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("a", "ch")?.finished == 1 && server.state("b", "ch")?.finished == 1 && server.state("c", "ch") == nil)
    }

    @Test func aCountIsExactOverManyTopics() throws {
        let server = try NSQStandIn()
        for topic in ["a", "b", "c"] { server.publish(NSQ.numbered(0..<50), to: topic) }
        let receiver = try NSQTransport.at(Self.address(server, "a+b+c/ch")).openReceiver(NSQ.opening())
        #expect(try take(70, receiver).count == 70)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        let states = ["a", "b", "c"].compactMap { server.state($0, "ch") }
        #expect(states.reduce(0) { $0 + $1.finished } == 70 && states.allSatisfy { $0.inFlight == 0 })
    }

    @Test func aDrainEndsWhenEveryTopicIsEmpty() throws {
        let server = try NSQStandIn()
        for topic in ["a", "b"] { server.publish(NSQ.numbered(0..<300), to: topic) }
        var opening = NSQ.opening()
        opening.endsWhenEmpty = true
        let receiver = try NSQTransport.at(Self.address(server, "a+b/ch")).openReceiver(opening)
        #expect(try take(1000, receiver).count == 600)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
    }

    /// It comes again as soon as its time has come, and only then is the channel drained.
    @Test func aDrainWaitsForWhatItPutBackWithADelay() throws {
        let server = try NSQStandIn()
        server.publish(NSQ.numbered(0..<1), to: "a")
        var opening = NSQ.opening()
        opening.endsWhenEmpty = true
        let receiver = try NSQTransport.at(Self.address(server, "a/ch")).openReceiver(opening)
        #expect(try take(1, receiver, as: .requeue(after: .milliseconds(300))).count == 1)
        let start = Deadline.now()
        #expect(try take(1, receiver).count == 1)
        let waited = Deadline.now() - start
        #expect(waited >= 290_000_000 && waited < 1_000_000_000, "\(waited) ns")
        #expect(try take(1, receiver).isEmpty)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
    }

    @Test(arguments: [true, false]) func topicsThatMatchAreFoundThoseToComeToo(throughLookup: Bool) throws {
        let server = try NSQStandIn()
        publish(server, "logs.a", "other")
        let address =
            throughLookup
            ? Self.lookup(server, "+/ch", ",topic-pattern=^logs") : Self.address(server, "+/ch", ",poll=100ms,topic-pattern=^logs")
        let receiver = try NSQTransport.at(address).openReceiver(NSQ.opening())
        #expect(try take(1, receiver) == ["logs.a of logs.a"])
        publish(server, "logs.b")
        #expect(try take(1, receiver) == ["logs.b of logs.b"])
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("other", "ch") == nil)
    }

    @Test func withoutATopicTheFirstIsWaitedFor() throws {
        let server = try NSQStandIn()
        let log = NoticeLog()
        let receiver = try NSQTransport.at(Self.address(server, "+/ch", ",poll=100ms")).openReceiver(NSQ.opening(log))
        #expect(log.warnings == ["there is no topic yet; waiting for one"])
        publish(server, "first", "short#ephemeral")
        #expect(try take(1, receiver) == ["first of first"])
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("short#ephemeral", "ch") == nil)
    }

    @Test func aTopicThatIsDeletedIsSaidAndTheOthersGoOn() throws {
        let server = try NSQStandIn()
        publish(server, "a", "b")
        let log = NoticeLog()
        let receiver = try NSQTransport.at(Self.lookup(server, "+/ch")).openReceiver(NSQ.opening(log))
        #expect(try take(2, receiver).count == 2)
        _ = try LoopbackHTTP.request("POST", "/topic/delete?topic=a", port: server.httpPort)
        publish(server, "b")
        #expect(try take(1, receiver) == ["b of b"])
        _ = try take(1, receiver, within: .milliseconds(300))
        #expect(log.warnings.contains { $0.contains("/a: the channel ch of the topic a was deleted; going on with") }, "\(log.warnings)")
        #expect(server.state("a", "ch") == nil)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
    }

    @Test func whatIsTombstonedIsNotConsumed() throws {
        let server = try NSQStandIn()
        publish(server, "a", "b")
        _ = try LoopbackHTTP.request("POST", "/topic/tombstone?topic=a&node=127.0.0.1:\(server.httpPort)", port: server.httpPort)
        let receiver = try NSQTransport.at(Self.lookup(server, "a+b/ch")).openReceiver(NSQ.opening())
        #expect(try take(2, receiver, within: .milliseconds(300)) == ["b of b"])
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("a", "ch") == nil)
    }

    @Test func anNSQDThatCannotBeAskedForItsTopicsIsNamed() throws {
        let free = try LoopbackSocket.freePort()
        let error = NSQ.error { _ = try NSQTransport.at("nsq://127.0.0.1:1/+/ch,http-port=\(free)").openReceiver(NSQ.opening()) }
        #expect(error?.code == .unreachable && error?.message.contains("does not say which topics there are") == true)
    }

    @Test(arguments: [
        "nsq:a+b+a/c", "nsq:a+/c", "nsq:+a", "nsq:a+temp", "nsq:a,topic-pattern=x", "nsq:+/c,topic-pattern=(", "nsq:+/+",
    ]) func whatCanNeverBeRightIsAUsageError(text: String) {
        #expect(NSQ.error { _ = try NSQTransport.at(text) }?.code == .usage)
    }

    @Test func severalTopicsCannotBeSentTo() throws {
        for text in ["nsq:a+b", "nsq:+", "nsq:,topic-pattern=x"] {
            #expect(NSQ.error { _ = try NSQTransport.at(text).openSender(NSQ.opening()) }?.code == .usage)
        }
    }

    @Test(.enabled(if: NSQDaemon.isAvailable && NSQLookupDaemon.isAvailable, "there is no nsqd or no nsqlookupd"))
    func newTopicsOfTwoNSQDsAreFoundThroughNSQLookupd() throws {
        let lookup = try NSQLookupDaemon()
        let daemons = [try NSQDaemon(lookups: [lookup]), try NSQDaemon(lookups: [lookup])]
        for daemon in daemons { try daemon.http("POST", "/pub?topic=logs.a", body: Array("x".utf8)) }
        #expect(NSQ.eventually { (try? lookup.http("GET", "/lookup?topic=logs.a").text.split(separator: "tcp_port").count) == 3 })
        let address = "nsqlookup://127.0.0.1:\(lookup.httpPort)/+/ch,topic-pattern=^logs,poll=100ms"
        let receiver = try NSQTransport.at(address).openReceiver(NSQ.opening())
        #expect(try take(2, receiver) == ["logs.a x", "logs.a x"])
        try daemons[1].http("POST", "/pub?topic=logs.b", body: Array("y".utf8))
        #expect(try take(1, receiver) == ["logs.b y"])
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
    }
}
