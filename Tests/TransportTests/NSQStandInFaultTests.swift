import Glibc
import MQStandIns
import MQTesting
import Testing

/// What only the stand-in does for certain, and that clients of others get on with it.
@Suite("nsqd's stand-in, faults", .ownThread, .timeLimit(.minutes(2)))
struct NSQStandInFaultTests {
    @Test func framesComeInPieces() throws {
        var settings = NSQStandIn.Settings()
        settings.splitsFrames = true
        let broker = try NSQStandIn(settings)
        let client = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        let body = String(repeating: "b", count: 3000)
        broker.publish([Array(body.utf8)], to: "topic")
        #expect(client.message(body) != nil)
        #expect(client.reads.count { $0 == 1 } > 20, "\(client.reads)")
    }

    @Test func aHeartbeatComesBetweenReplies() throws {
        var settings = NSQStandIn.Settings()
        settings.sendsHeartbeatBeforeReplies = true
        let broker = try NSQStandIn(settings)
        let client = try NSQRawClient(port: broker.tcpPort)
        for _ in 0..<3 { client.send("PUB topic", body: [0x61]) }
        for _ in 0..<3 {
            #expect(client.next(heartbeats: true) == .response("_heartbeat_"))
            #expect(client.next(heartbeats: true) == .response("OK"))
        }
    }

    @Test func theTextAboutAnOversizedBodyIsLost() throws {
        var settings = NSQStandIn.Settings()
        (settings.alwaysLosesOversizeError, settings.maximumMessageSize) = (true, 10)
        let broker = try NSQStandIn(settings)
        let client = try NSQRawClient(port: broker.tcpPort)
        client.send("PUB topic", body: [UInt8](repeating: 0x61, count: 11))
        #expect(client.next() == .reset)
    }

    @Test func aMessageComesBehindCloseWait() throws {
        var settings = NSQStandIn.Settings()
        settings.sendsMessageAfterCloseWait = true
        let broker = try NSQStandIn(settings)
        let client = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        client.send("RDY 0")
        client.send("PUB topic", body: [0x61])
        #expect(client.next() == .response("OK"))
        client.send("CLS")
        #expect(client.next() == .response("CLOSE_WAIT"))
        client.send("REQ \(client.message("a")?.id ?? "") 0")
        let again = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        #expect(again.message("a")?.attempts == 2)
        #expect(broker.state("topic", "channel")?.requeued == 1)
        // Who has no room for one is sent none: nsqd has chosen none for it.
        again.send("RDY 0")
        again.send("PUB topic", body: [0x62])
        #expect(again.next() == .response("OK"))
        again.send("CLS")
        #expect(again.next() == .response("CLOSE_WAIT"))
        #expect(broker.state("topic", "channel")?.depth == 1)
    }

    @Test func aConnectionIsCutBehindAPublishWhoseOutcomeNobodyKnows() throws {
        var settings = NSQStandIn.Settings()
        settings.cutsAfterPublishes = 2
        let broker = try NSQStandIn(settings)
        let client = try NSQRawClient(port: broker.tcpPort)
        // At once: a write to a connection that is cut would take the error that the read is to see.
        client.socket.write((0..<3).flatMap { _ in NSQRawClient.command("PUB topic", [0x61]) })
        var last = client.next()
        if last == .response("OK") { last = client.next() }
        #expect(last == .reset)
        #expect(broker.depth(of: "topic") == 2)
        #expect(broker.commands["PUB"] == 2)
    }

    @Test func connectionsAreCutFromOutside() throws {
        let broker = try NSQStandIn()
        let client = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        broker.sendHeartbeats()
        #expect(client.next(heartbeats: true) == .response("_heartbeat_"))
        broker.cutConnections()
        #expect(client.next() == .reset)
        broker.change { $0.keepsInFlightOfTheGone = false }
        broker.publish([[0x61]], to: "topic")
        let second = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        #expect(second.message("a")?.attempts == 1)
        broker.cutConnections(withReset: false)
        #expect(second.next() == .ended)
        let third = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        #expect(third.message("a")?.attempts == 2)
    }

    @Test func theSamePortsAreTakenAgain() throws {
        let first = try NSQStandIn()
        let (tcp, http) = (first.tcpPort, first.httpPort)
        let client = try NSQRawClient(port: tcp)
        first.stop()
        let event = client.next()
        #expect(event == .ended || event == .reset)
        let second = try NSQStandIn(tcpPort: tcp, httpPort: http)
        #expect(try LoopbackHTTP.request("GET", "/ping", port: second.httpPort).status == 200)
        #expect(first.depth(of: "topic") == nil)
    }

    @Test func bytesFromOutsideDoNotHarmIt() throws {
        let broker = try NSQStandIn()
        let rounds = try Fuzz.rounds { generator, _ in
            let client = try NSQRawClient(port: broker.tcpPort, magic: Bool.random(using: &generator))
            let commands = [
                "IDENTIFY\n", "PUB a\n", "MPUB a\n", "SUB a b\n", "RDY 5\n", "FIN 0123456789abcdef\n", "CLS\n", "NOP\n", "DPUB a 1\n",
            ]
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes += Array((commands.randomElement(using: &generator) ?? "").utf8)
                if Bool.random(using: &generator) { bytes += NSQRawClient.number(Int.random(in: -1...20, using: &generator)) }
                bytes += generator.bytes(upTo: 30)
            }
            client.socket.write(bytes)
        }
        #expect(rounds > 10)
        #expect(try LoopbackHTTP.request("GET", "/ping", port: broker.httpPort).text == "OK")
    }
}

/// pynsq and the tools of nsq itself.
@Suite("nsqd's stand-in, clients of others", .ownThread, .timeLimit(.minutes(2)))
struct NSQStandInForeignTests {
    static let program = """
        import json, ssl, sys, nsq, tornado.ioloop
        address, options = sys.argv[1], json.loads(sys.argv[2])
        if options.get('tls_v1'): options['tls_options'] = {'cert_reqs': ssl.CERT_NONE}
        bodies = [b'%d ' % n + bytes(range(256)) for n in range(300)]
        writer = nsq.Writer([address], **options)
        got = []
        def handle(message):
            got.append(message.body)
            if len(got) == len(bodies): tornado.ioloop.IOLoop.current().call_later(0.1, tornado.ioloop.IOLoop.current().stop)
            return True
        def published(connection, data):
            if data != b'OK': sys.exit('publish: %r' % data)
        def publish():
            if not writer.conns or not all(c.state == 'CONNECTED' for c in writer.conns.values()):
                return tornado.ioloop.IOLoop.current().call_later(0.05, publish)
            writer.mpub('topic', bodies[:200], published)
            for body in bodies[200:]: writer.pub('topic', body, published)
        reader = nsq.Reader(topic='topic', channel='channel', nsqd_tcp_addresses=[address], max_in_flight=50, message_handler=handle, **options)
        tornado.ioloop.IOLoop.current().call_later(0.1, publish)
        tornado.ioloop.IOLoop.current().start()
        sys.exit(0 if sorted(got) == sorted(bodies) else 'something else came')
        """

    static let hasPynsq: Bool = {
        guard let python = MotoServer.python else { return false }
        return (try? Executable(python).run(["-c", "import nsq"], timeout: .seconds(30)))?.status == 0
    }()

    /// A certificate for nobody in particular, and its key.
    static func certificate(_ fixture: Fixture) throws -> (String, String) {
        let folder = try fixture.directory()
        let (certificate, key) = ("\(folder)/certificate.pem", "\(folder)/key.pem")
        let words = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate,
        ]
        let made = try Executable("/usr/bin/openssl").run(words)
        guard made.status == 0 else { throw ConformanceFailure("openssl: \(made.errorText)") }
        return (certificate, key)
    }

    @Test(
        .enabled(if: hasPynsq, "MQ_TEST_PYTHON names no Python with pynsq"),
        arguments: ["{}", #"{"deflate":true}"#, #"{"tls_v1":true}"#, #"{"tls_v1":true,"deflate":true}"#])
    func pynsqPublishesAndConsumes(options: String) throws {
        let fixture = Fixture()
        var settings = NSQStandIn.Settings()
        settings.offersDeflate = true
        if options.contains("tls") { (settings.certificate, settings.privateKey) = try Self.certificate(fixture) }
        let broker = try NSQStandIn(settings)
        let result = try Executable(MotoServer.python!).run(["-c", Self.program, "127.0.0.1:\(broker.tcpPort)", options])
        #expect(result.status == 0, "\(result.errorText)")
        let state = broker.state("topic", "channel")
        #expect(state?.finished == 300 && state?.requeued == 0, "\(String(describing: state))")
    }

    @Test(.enabled(if: NSQDaemon.tool("nsq_stat") != nil, "nsq_stat is not installed"))
    func nsqStatReadsTheNumbers() throws {
        let broker = try NSQStandIn()
        let client = try NSQStandInTests.subscriber(broker.tcpPort, "topic", ready: 1)
        broker.publish([[0x61], [0x62]], to: "topic")
        #expect(client.message("a") != nil)
        let result = try Executable(NSQDaemon.tool("nsq_stat")!)
            .run(["-topic=topic", "-channel=channel", "-nsqd-http-address=127.0.0.1:\(broker.httpPort)", "-interval=50ms", "-count=2"])
        #expect(result.status == 0, "\(result.errorText)")
        // Depth, memory, disk, in flight, deferred.
        #expect(result.text.contains("|       1       1       0     1     0 |"), "\(result.text)")
    }

    @Test(
        .enabled(if: NSQDaemon.tool("to_nsq") != nil && NSQDaemon.tool("nsq_tail") != nil, "to_nsq and nsq_tail are not installed"),
        arguments: ["snappy", "deflate", "user_agent"])
    func theToolsOfNsqPublishAndConsume(option: String) throws {
        var settings = NSQStandIn.Settings()
        (settings.offersSnappy, settings.offersDeflate) = (true, true)
        let broker = try NSQStandIn(settings)
        let lines = (0..<2000).map { "line \($0) \(String(repeating: "x", count: $0 % 500))" }
        let address = "-nsqd-tcp-address=127.0.0.1:\(broker.tcpPort)"
        let value = option == "user_agent" ? "test" : "true"
        let sent = try Executable(NSQDaemon.tool("to_nsq")!)
            .run(["-topic=topic", address, "-producer-opt=\(option),\(value)"], input: .text(lines.joined(separator: "\n") + "\n"))
        #expect(sent.status == 0, "\(sent.errorText)")
        #expect(broker.depth(of: "topic") == 2000)
        let received = try Executable(NSQDaemon.tool("nsq_tail")!)
            .run(["-topic=topic", "-channel=channel", address, "-n=2000", "-max-in-flight=100", "-consumer-opt=\(option),\(value)"])
        #expect(received.lines.sorted() == lines.sorted(), "\(received.errorText)")
        // nsq_tail leaves without its last FINs.
        let state = broker.state("topic", "channel")
        #expect(state.map { $0.finished + $0.inFlight } == 2000 && state?.depth == 0, "\(String(describing: state))")
    }
}
