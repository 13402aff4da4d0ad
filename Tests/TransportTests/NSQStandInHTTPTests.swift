import Glibc
import MQStandIns
import MQTesting
import Testing

/// Publishing, statistics and options over HTTP; the real nsqd and the stand-in.
@Suite("nsqd and its stand-in, HTTP", .ownThread, .timeLimit(.minutes(2)))
struct NSQStandInHTTPTests {
    typealias Broker = NSQBrokerUnderTest
    static let brokers = Broker.all

    private static func ask(_ method: String, _ path: String, _ body: String = "", port: Int) throws -> String {
        let reply = try LoopbackHTTP.request(method, path, port: port, body: Array(body.utf8))
        return "\(reply.status) \(reply.text)"
    }

    @Test(
        arguments: brokers,
        [
            ("/pub?topic=t", "", #"400 {"message":"MSG_EMPTY"}"#), ("/pub", "", #"400 {"message":"MSG_EMPTY"}"#),
            ("/pub", "x", #"400 {"message":"MISSING_ARG_TOPIC"}"#), ("/pub?topic=a%20b", "x", #"400 {"message":"INVALID_TOPIC"}"#),
            ("/pub?topic=t&defer=abc", "x", #"400 {"message":"INVALID_DEFER"}"#),
            ("/pub?topic=t&defer=-1", "x", #"400 {"message":"INVALID_DEFER"}"#),
            ("/pub?topic=t&defer=3600001", "x", #"400 {"message":"INVALID_DEFER"}"#),
            ("/pub?topic=t&defer=99999999999", "x", #"400 {"message":"INVALID_DEFER"}"#),
            ("/mpub?topic=t", "", "200 OK"), ("/mpub?topic=t", "\n\n", "200 OK"),
            ("/mpub?topic=t&binary=true", "\0\0", #"413 {"message":"BAD_BODY"}"#),
            ("/mpub?topic=t&binary=true", "\0\0\0\u{2}\0\0\0\u{1}x", #"413 {"message":"BAD_MESSAGE"}"#),
        ])
    func nothingIsPublishedWith(broker: Broker, trial: (path: String, body: String, reply: String)) throws {
        try broker.run { _, http in
            #expect(try Self.ask("POST", trial.path, trial.body, port: http) == trial.reply)
            let stats = try Self.ask("GET", "/stats?format=json", port: http)
            #expect(!stats.contains(#""message_count":1"#), "\(stats)")
        }
    }

    @Test(arguments: brokers)
    func whatIsTooBigIsRefused(broker: Broker) throws {
        try broker.run(["-max-msg-size=100", "-max-body-size=200"], { ($0.maximumMessageSize, $0.maximumBodySize) = (100, 200) }) {
            _, http throws in
            let long = String(repeating: "x", count: 101)
            #expect(try Self.ask("POST", "/pub?topic=t", long, port: http) == #"413 {"message":"MSG_TOO_BIG"}"#)
            #expect(try Self.ask("POST", "/mpub?topic=t", long, port: http) == #"413 {"message":"MSG_TOO_BIG"}"#)
            #expect(try Self.ask("POST", "/mpub?topic=t", "\(long)\n\(long)", port: http) == #"413 {"message":"BODY_TOO_BIG"}"#)
        }
    }

    @Test(arguments: brokers, ["true", "1", "yes"])
    func aBinaryBatchIsTakenApart(broker: Broker, word: String) throws {
        try broker.run { port, http in
            let batch = String(decoding: NSQRawClient.batch(["x", "y\nz"]), as: UTF8.self)
            #expect(try Self.ask("POST", "/mpub?topic=topic&binary=\(word)", batch, port: http) == "200 OK")
            #expect(try Self.ask("POST", "/mpub?topic=topic&binary=false", "a\n\nb\n", port: http) == "200 OK")
            let client = try NSQStandInTests.subscriber(port, "topic", ready: 4)
            for body in ["x", "y\nz", "a", "b"] { #expect(client.message(body) != nil) }
        }
    }

    @Test(arguments: brokers)
    func aBodyMayComeInChunks(broker: Broker) throws {
        try broker.run { port, http in
            let socket = try LoopbackSocket.connect(port: http)
            socket.setReadLimit(.seconds(5))
            let head = "POST /pub?topic=topic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            // Two requests in one connection, cut in unhandy places.
            for part in [
                head, "\r\n3;extension=1\r", "\nhel\r\n2\r\nl",
                "o\r\n0\r\nTrailer: 1\r\n\r\n\(head)Connection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            ] {
                socket.write(part)
                usleep(5000)
            }
            var input: [UInt8] = []
            while case .bytes = socket.read(appendingTo: &input) {}
            #expect(String(decoding: input, as: UTF8.self).ranges(of: "HTTP/1.1 200 OK").count == 2)
            let client = try NSQStandInTests.subscriber(port, "topic", ready: 2)
            for body in ["hello", "x"] { #expect(client.message(body) != nil) }
        }
    }

    @Test(
        arguments: brokers,
        [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        ])
    func aBodyWithoutASizeEndsTheConnection(broker: Broker, request: String) throws {
        try broker.run { _, http in
            let socket = try LoopbackSocket.connect(port: http)
            socket.setReadLimit(.seconds(5))
            socket.write(request)
            var input: [UInt8] = []
            while case .bytes = socket.read(appendingTo: &input) {}
            #expect(input.starts(with: "HTTP/1.1 4".utf8), "\(String(decoding: input, as: UTF8.self))")
            #expect(try Self.ask("GET", "/ping", port: http) == "200 OK")
        }
    }

    @Test(arguments: brokers)
    func statisticsAreTextUnlessJSONIsAskedFor(broker: Broker) throws {
        try broker.run { port, http in
            try NSQStandInTests.publish(port, "topic", ["a", "b"])
            let client = try NSQRawClient(port: port)
            client.identify(#"{"client_id":"me","hostname":"me","user_agent":"agent/1","output_buffer_size":-1}"#)
            #expect(client.next() == .response("OK"))
            client.send("SUB topic channel\nRDY 1")
            #expect(client.next() == .response("OK"))
            #expect(client.message("a") != nil)
            // nsqd hands the second message on when it comes to it.
            let isThere = NSQ.eventually {
                (try? Self.ask("GET", "/stats?format=json", port: http))?.contains(#""depth":1,"backend_depth":0,"in_flight_count":1"#)
                    == true
            }
            #expect(isThere)
            let text = try LoopbackHTTP.request("GET", "/stats?include_mem=false", port: http)
            #expect(
                text.headers["content-type"] == "text/plain; charset=utf-8" && text.text.hasPrefix("nsqd v1.3.0 (built w/"), "\(text.text)")
            for line in [
                "   [topic          ] depth: 0     be-depth: 0     msgs: 2        e2e%: ",
                "      [channel                  ] depth: 1     be-depth: 0     inflt: 1    def: 0    re-q: 0     timeout: 0     msgs: 2        e2e%: ",
                "        [V2 me:\(client.socket.localPort) agent/1     ] state: 3 inflt: 1    rdy: 1    fin: 0        re-q: 0        msgs: 1        connected: ",
            ] {
                #expect(text.text.contains("\n\(line)"), "\(line) in\n\(text.text)")
            }
            #expect(text.text.contains("\nHealth: OK\n") && text.text.contains("\nProducers: None\n"))
            #expect(try Self.ask("GET", "/stats?topic=other", port: http).contains("\nTopics: None\n"))
            #expect(try LoopbackHTTP.request("POST", "/stats", port: http).status == 405)
        }
    }

    @Test(arguments: brokers)
    func optionsAreToldAndTwoCanBeSet(broker: Broker) throws {
        try broker.run { _, http throws in
            for (name, value) in [
                ("log_level", "2"), ("nsqlookupd_tcp_addresses", "[]"), ("max_msg_size", "1048576"), ("msg_timeout", "60000000000"),
                ("max_rdy_count", "2500"),
            ] {
                #expect(try Self.ask("GET", "/config/\(name)", port: http) == "200 \(value)")
            }
            #expect(try Self.ask("PUT", "/config/log_level", "Debug", port: http) == "200 1")
            #expect(try Self.ask("GET", "/config/log_level", port: http) == "200 1")
            #expect(try Self.ask("PUT", "/config/log_level", "5", port: http) == #"400 {"message":"INVALID_VALUE"}"#)
            let addresses = #"["127.0.0.1:1","127.0.0.1:2"]"#
            #expect(try Self.ask("PUT", "/config/nsqlookupd_tcp_addresses", addresses, port: http) == "200 \(addresses)")
            #expect(try Self.ask("GET", "/config/nsqlookupd_tcp_addresses", port: http) == "200 \(addresses)")
            #expect(try Self.ask("PUT", "/config/nsqlookupd_tcp_addresses", "x", port: http) == #"400 {"message":"INVALID_VALUE"}"#)
            #expect(try Self.ask("PUT", "/config/max_msg_size", "1", port: http) == #"400 {"message":"INVALID_OPTION"}"#)
            #expect(try Self.ask("GET", "/config/nothing", port: http) == #"400 {"message":"INVALID_OPTION"}"#)
            #expect(try Self.ask("POST", "/config/log_level", "debug", port: http) == #"405 {"message":"METHOD_NOT_ALLOWED"}"#)
        }
    }
}
