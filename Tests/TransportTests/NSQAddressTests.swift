import MQCore
import MQTesting
import Testing

@testable import TransportNSQ

@Suite("nsq addresses", .timeLimit(.minutes(1)))
struct NSQAddressTests {
    private static func target(_ text: String, standard: String? = nil) throws -> NSQTarget {
        let address = try Address(parsing: text, syntax: NSQTransport.descriptor.targetSyntax)
        let options = try OptionValues(address.options, for: NSQTransport.descriptor)
        return try NSQTarget(address, socket: options.text("unix"), standard: standard)
    }

    @Test(
        arguments: [
            ("nsq:logs", ["127.0.0.1:4150"], "logs", nil), ("nsq:logs/archive", ["127.0.0.1:4150"], "logs", "archive"),
            ("nsq://a,b:1,[::1]:2/t/c#ephemeral", ["a:4150", "b:1", "[::1]:2"], "t", "c#ephemeral"),
            ("nsq://a/t,tls", ["a:4150"], "t", nil),
            ("nsqlookup://l,m:9/t/c", ["l:4161", "m:9"], "t", "c"), ("nsqlookup:t", ["127.0.0.1:4161"], "t", nil),
            ("nsq:t,unix=/run/n.sock", ["/run/n.sock"], "t", nil), ("nsq:", ["127.0.0.1:4150"], nil, nil),
            ("nsq://a", ["a:4150"], nil, nil),
        ] as [(String, [String], String?, String?)])
    func addressesAreUnderstood(text: String, peers: [String], topic: String?, channel: String?) throws {
        let target = try Self.target(text)
        switch target.place {
        case .direct(let found): #expect(found.map(\.text) == peers && text.hasPrefix("nsq:"))
        case .lookup(let found): #expect(found.map(\.text) == peers && text.hasPrefix("nsqlookup:"))
        }
        #expect(target.topic == topic && target.channel == channel)
    }

    @Test func severalTopicsAreToldFromOneAndFromEveryOne() throws {
        let list = try Self.target("nsq://h/a+b#ephemeral/c,tls")
        #expect(list.topics == ["a", "b#ephemeral"] && list.topic == nil && list.channel == "c" && !list.isEveryTopic)
        let every = try Self.target("nsqlookup://h/+")
        #expect(every.topics.isEmpty && every.isEveryTopic && every.channel == nil)
        #expect(try !NSQTransport.at("nsq:a/c").mixesQueues && NSQTransport.at("nsq:a+b/c").mixesQueues)
        #expect(try NSQTransport.at("nsq:,topic-pattern=^a%2Cb%3F").choice.includes("xa,b") == false)
    }

    @Test(arguments: [
        "nsq:a/b/c", "nsq:a b", "nsq:\(String(repeating: "x", count: 65))", "nsq:#ephemeral", "nsq:t/", "nsq:t#eph", "nsq://a:0/t",
        "nsq://a:x/t",
        "nsq://:1/t", "nsq:/t", "nsq://a/t,unix=/s", "nsqlookup:t,unix=/s", "nsq://a:/t", "nsq:t,heartbeat=1ms", "nsq:t,snappy,deflate=3",
        "nsq:t,tls-cert=/x", "nsq:t,output-buffer=3", "nsqlookup:t,copy", "nsq:t,resolve=a:1",
    ])
    func whatCanNeverBeRightIsAUsageError(text: String) {
        do {
            _ = try NSQTransport.at(text)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.code == .usage, "\(error)")
        }
    }

    @Test func environmentNamesTheStandardPlace() throws {
        #expect(try Self.target("nsq:t", standard: "h:1,i").place == .direct([.tcp(host: "h", port: 1), .tcp(host: "i", port: 4150)]))
        #expect(try Self.target("nsq:t", standard: "/run/n.sock").place == .direct([.unix(path: "/run/n.sock")]))
        #expect(try Self.target("nsq://x/t", standard: "h").place == .direct([.tcp(host: "x", port: 4150)]))
        do {
            _ = try Self.target("nsq:t", standard: "h:x")
            Issue.record("a broken MQ_NSQ was accepted")
        } catch { #expect((error as? TransportError)?.code == .configuration) }
    }

    @Test func meetingPointIsTheTopicOfTheAddressAndForTempOneOfItsOwn() throws {
        let named = try NSQTransport.at("nsq://h:1,i/t/c,snappy").meetingPoint(named: "mq-bench-1")
        #expect(!named.isPrivate && named.sending == "nsq://h:1,i:4150/t,snappy" && named.receiving == "nsq://h:1,i:4150/t/c,snappy")
        #expect(try NSQTransport.at("nsq://h/t").meetingPoint(named: "x").receiving == "nsq://h:4150/t/mq#ephemeral")
        let own = try NSQTransport.at("nsq://h/temp,http-port=5").meetingPoint(named: "mq-bench-1")
        #expect(own.isPrivate && own.sending == "nsq://h:4150/mq-bench-1,http-port=5")
        #expect(own.receiving == "nsq://h:4150/mq-bench-1/mq,http-port=5")
        _ = try NSQTransport.at(own.receiving)
        for text in ["nsq:temp/c", "nsqlookup:temp"] { #expect(NSQ.error { _ = try NSQTransport.at(text) }?.code == .usage) }
    }
}
