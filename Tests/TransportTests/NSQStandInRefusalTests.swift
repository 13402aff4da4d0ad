import Glibc
import MQStandIns
import MQTesting
import Testing

/// What nsqd refuses and how, what it negotiates, and what it says over HTTP; the real one and the stand-in.
@Suite("nsqd and its stand-in, refusals", .ownThread, .timeLimit(.minutes(2)))
struct NSQStandInRefusalTests {
    typealias Broker = NSQBrokerUnderTest
    static let brokers = Broker.all

    @Test(
        arguments: brokers,
        [
            (#""heartbeat_interval":999"#, "heartbeat interval (999)"), (#""heartbeat_interval":60001"#, "heartbeat interval (60001)"),
            (#""output_buffer_size":63"#, "output buffer size (63)"), (#""output_buffer_size":65537"#, "output buffer size (65537)"),
            (#""output_buffer_timeout":24"#, "output buffer timeout (24)"), (#""sample_rate":100"#, "sample rate (100)"),
            (#""msg_timeout":999"#, "msg timeout (999)"), (#""msg_timeout":900001"#, "msg timeout (900001)"),
        ])
    func valuesOutOfRangeAreFatal(broker: Broker, option: (json: String, words: String)) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.identify("{\(option.json)}")
            client.expectFatal("E_BAD_BODY IDENTIFY \(option.words) is invalid")
        }
    }

    @Test(
        arguments: brokers,
        [
            ("PUB bad/name", "x", "E_BAD_TOPIC PUB topic name"), ("MPUB bad/name", "x", "E_BAD_TOPIC E_BAD_TOPIC MPUB topic name"),
            ("PUB topic", "", "E_BAD_MESSAGE PUB invalid message body size 0"), ("MPUB topic", "", "E_BAD_BODY MPUB invalid body size 0"),
            ("MPUB topic", "\0\0\0\0", "E_BAD_BODY MPUB invalid message count 0"),
            ("MPUB topic", "\0\0\0\u{1}\0\0\0\0", "E_BAD_MESSAGE MPUB invalid message(0) body size 0"),
            ("DPUB topic 3600001", "x", "E_INVALID DPUB timeout 3600001 out of range 0-3600000"), ("AUTH", "x", "E_AUTH_DISABLED"),
        ])
    func commandsWithABodyAreRefused(broker: Broker, trial: (line: String, body: String, words: String)) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.send(trial.line, body: Array(trial.body.utf8))
            client.expectFatal(trial.words)
        }
    }

    @Test(
        arguments: brokers,
        [
            ("SUB bad/name c", "E_BAD_TOPIC SUB topic name"), ("SUB t bad/name", "E_BAD_CHANNEL SUB channel name"),
            ("SUB t", "E_INVALID SUB insufficient number of parameters"), ("RDY 1", "E_INVALID cannot RDY in current state"),
            ("SUB t c\nRDY 2501", "E_INVALID RDY count 2501 out of range 0-2500"), ("FIN 0123456789abcdef", "E_INVALID cannot FIN"),
            ("SUB t c\nSUB t c", "E_INVALID cannot SUB in current state"), ("NONSENSE", "E_INVALID invalid command"),
            ("SUB t c\nFIN 1", "E_INVALID invalid message ID"), ("CLS", "E_INVALID cannot CLS in current state"),
        ])
    func commandsAreRefused(broker: Broker, trial: (lines: String, words: String)) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.send(trial.lines)
            if trial.lines.contains("\n") { #expect(client.next() == .response("OK")) }
            client.expectFatal(trial.words)
        }
    }

    @Test(arguments: brokers)
    func aBatchIsLookedAtAsAWholeBeforeAnyOfItIsTaken(broker: Broker) throws {
        try broker.run { port, http in
            let client = try NSQRawClient(port: port)
            client.send("MPUB topic", body: NSQRawClient.batch(["good", ""]))
            client.expectFatal("E_BAD_MESSAGE")
            let stats = try LoopbackHTTP.request("GET", "/stats?format=json&topic=topic", port: http).text
            #expect(!stats.contains(#""message_count":1"#), "\(stats)")
        }
    }

    @Test(arguments: brokers)
    func whatIsBehindAFailedCommandIsNotExecuted(broker: Broker) throws {
        try broker.run { port, http in
            let client = try NSQRawClient(port: port)
            client.socket.write(
                NSQRawClient.command("PUB topic", [0x61]) + NSQRawClient.command("PUB bad/name", [0x62])
                    + NSQRawClient.command("PUB topic", [0x63]))
            #expect(client.next() == .response("OK"))
            client.expectFatal("E_BAD_TOPIC")
            #expect(try LoopbackHTTP.request("GET", "/stats?format=json&topic=topic", port: http).text.contains(#""message_count":1"#))
        }
    }

    @Test(arguments: brokers)
    func anOversizedBodyEndsTheConnectionWithOrWithoutItsText(broker: Broker) throws {
        try broker.run(["-max-msg-size=1000"], { $0.maximumMessageSize = 1000 }) { port, http in
            #expect(try LoopbackHTTP.request("GET", "/config/max_msg_size", port: http).text == "1000")
            let client = try NSQRawClient(port: port)
            client.send("PUB topic", body: [UInt8](repeating: 0x61, count: 400_000))
            var event = client.next()
            if case .error(let text) = event {
                #expect(text == "E_BAD_MESSAGE PUB message too big 400000 > 1000")
                event = client.next()
            }
            #expect(event == .ended || event == .reset)
        }
    }

    @Test(arguments: brokers)
    func aCommandLineOver16KiBEndsTheConnection(broker: Broker) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.send("PUB \(String(repeating: "x", count: 20000))")
            let event = client.next()
            #expect(event == .ended || event == .reset)
        }
    }

    @Test(arguments: brokers)
    func theWrongPortIsRecognisable(broker: Broker) throws {
        try broker.run { port, http in
            let onHTTP = try NSQRawClient(port: http)
            onHTTP.identify("{}")
            #expect(onHTTP.next(.seconds(1)) != .response("OK"))
            #expect(onHTTP.takeRest().starts(with: "HTTP".utf8))
            let onTCP = try NSQRawClient(port: port, magic: false)
            onTCP.socket.write("GET / HTTP/1.1\r\n\r\n")
            onTCP.expectFatal("E_BAD_PROTOCOL")
        }
    }

    @Test(arguments: brokers)
    func featuresThatAreNotOfferedAreFalse(broker: Broker) throws {
        try broker.run(["-snappy=false", "-deflate=false"]) { port, _ in
            let client = try NSQRawClient(port: port)
            client.identify(#"{"feature_negotiation":true,"tls_v1":true,"snappy":true,"deflate":true}"#)
            guard case .response(let json) = client.next() else { return #expect(Bool(false), "no answer") }
            for member in [
                #""tls_v1":false"#, #""snappy":false"#, #""deflate":false"#, #""auth_required":false"#, #""max_rdy_count":2500"#,
            ] {
                #expect(json.contains(member), "\(json)")
            }
            client.send("PUB topic", body: [0x61])
            #expect(client.next() == .response("OK"))
        }
    }

    @Test(arguments: brokers)
    func bothCompressionsTogetherAreRefused(broker: Broker) throws {
        try broker.run([], { ($0.offersSnappy, $0.offersDeflate) = (true, true) }) { port, _ in
            let client = try NSQRawClient(port: port)
            client.identify(#"{"feature_negotiation":true,"snappy":true,"deflate":true}"#)
            client.expectFatal("E_IDENTIFY_FAILED")
        }
    }

    /// The compressed OK comes with the JSON, and what came behind IDENTIFY is lost.
    @Test(arguments: brokers, ["snappy", "deflate"])
    func compressionBeginsInTheReadOfTheAnswer(broker: Broker, kind: String) throws {
        try broker.run([], { ($0.offersSnappy, $0.offersDeflate) = (true, true) }) { port, http in
            var together = 0
            for _ in 0..<20 {
                let client = try NSQRawClient(port: port)
                client.socket.write(
                    NSQRawClient.command("IDENTIFY", Array(#"{"feature_negotiation":true,"\#(kind)":true}"#.utf8))
                        + NSQRawClient.command("PUB topic", [0x61]))
                guard case .response(let json) = client.next() else { return #expect(Bool(false), "no answer") }
                #expect(json.contains("\"\(kind)\":true"), "\(json)")
                if !client.takeRest().isEmpty { together += 1 }
            }
            if broker.kind == .standIn { #expect(together > 0) }
            usleep(100_000)
            let stats = try LoopbackHTTP.request("GET", "/stats?format=json", port: http).text
            #expect(!stats.contains("message_count\":20"), "\(stats)")
        }
    }

    // MARK: HTTP

    @Test(arguments: brokers)
    func topicsAndChannelsAreAdministered(broker: Broker) throws {
        try broker.run { port, http in
            func post(_ path: String) throws -> String {
                let reply = try LoopbackHTTP.request("POST", path, port: http)
                return "\(reply.status) \(reply.text)"
            }
            func stats() throws -> String { try LoopbackHTTP.request("GET", "/stats?format=json", port: http).text }
            #expect(try post("/topic/create?topic=t%23ephemeral") == "200 ")
            #expect(try post("/channel/create?topic=t%23ephemeral&channel=c") == "200 ")
            #expect(try stats().contains(##""topic_name":"t#ephemeral""##))
            try NSQStandInTests.publish(port, "t#ephemeral", ["a", "b"])
            #expect(try post("/channel/pause?topic=t%23ephemeral&channel=c") == "200 ")
            let client = try NSQRawClient(port: port)
            client.send("SUB t#ephemeral c\nRDY 1")
            #expect(client.next() == .response("OK"))
            #expect(client.next(.milliseconds(400)) == .nothing)
            #expect(try post("/channel/unpause?topic=t%23ephemeral&channel=c") == "200 ")
            #expect(client.message("a", .seconds(1)) != nil)
            #expect(try post("/channel/empty?topic=t%23ephemeral&channel=c") == "200 ")
            #expect(try stats().contains(#""depth":0"#))
            #expect(try post("/channel/delete?topic=t%23ephemeral&channel=c") == "200 ")
            let event = client.next()
            #expect(event == .ended || event == .reset)
            #expect(try post("/topic/delete?topic=unknown") == #"404 {"message":"TOPIC_NOT_FOUND"}"#)
            #expect(try post("/topic/create") == #"400 {"message":"MISSING_ARG_TOPIC"}"#)
            #expect(try post("/topic/create?topic=a/b") == #"400 {"message":"INVALID_TOPIC"}"#)
            #expect(try LoopbackHTTP.request("GET", "/topic/create?topic=t", port: http).status == 405)
            #expect(try LoopbackHTTP.request("GET", "/nothing", port: http).text == #"{"message":"NOT_FOUND"}"#)
            #expect(try LoopbackHTTP.request("GET", "/ping", port: http).text == "OK")
        }
    }

    @Test(arguments: brokers)
    func theMembersOfInfoAndStatsAreThese(broker: Broker) throws {
        try broker.run { port, http in
            try NSQStandInTests.publish(port, "topic", ["a"])
            let client = try NSQStandInTests.subscriber(port, "topic", ready: 1)
            #expect(client.message("a") != nil)
            let info = try LoopbackHTTP.request("GET", "/info", port: http).text
            for member in ["version", "broadcast_address", "hostname", "http_port", "tcp_port", "start_time"] {
                #expect(info.contains("\"\(member)\":"), "\(info)")
            }
            let stats = try LoopbackHTTP.request("GET", "/stats?format=json", port: http).text
            let members = [
                "version", "health", "topics", "topic_name", "channels", "channel_name", "depth", "backend_depth", "in_flight_count",
                "deferred_count", "message_count", "requeue_count", "timeout_count", "client_count", "clients", "ready_count", "paused",
                "producers", "remote_address", "user_agent", "state", "sample_rate", "deflate", "snappy", "tls",
            ]
            for member in members { #expect(stats.contains("\"\(member)\":"), "\(member) in \(stats)") }
            #expect(stats.ranges(of: #""e2e_processing_latency":{"count":0,"percentiles":null}"#).count == 2, "\(stats)")
            #expect(stats.contains(#""message_bytes":1,"#), "\(stats)")
            #expect(stats.contains(#""remote_address":"127.0.0.1:\#(client.socket.localPort)""#), "\(stats)")
            let elsewhere = try LoopbackHTTP.request("GET", "/stats?format=json&topic=topic&channel=other", port: http).text
            #expect(elsewhere.contains(#""topics":[]"#), "\(elsewhere)")
        }
    }
}
