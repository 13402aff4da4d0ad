import Glibc
import MQStandIns
import MQTesting
import Testing

/// Each fact about nsqd that the transport relies on, seen with the real daemon (where there is one) and with the stand-in.
@Suite("nsqd and its stand-in", .ownThread, .timeLimit(.minutes(2)))
struct NSQStandInTests {
    typealias Broker = NSQBrokerUnderTest
    static let brokers = Broker.all
    static let negotiation = #"{"feature_negotiation":true,"output_buffer_size":-1}"#

    /// nsqd looks for channels whose timeouts it has to watch every five seconds only.
    private static let timeoutLimit = Duration.seconds(12)

    /// A subscribed client with messages at once.
    static func subscriber(_ port: Int, _ topic: String, ready: Int, extra: String = "") throws -> NSQRawClient {
        let client = try NSQRawClient(port: port)
        client.identify(#"{"output_buffer_size":-1\#(extra)}"#)
        #expect(client.next() == .response("OK"))
        client.send("SUB \(topic) channel")
        #expect(client.next() == .response("OK"))
        client.send("RDY \(ready)")
        return client
    }

    static func publish(_ port: Int, _ topic: String, _ bodies: [String]) throws {
        let client = try NSQRawClient(port: port)
        client.send("MPUB \(topic)", body: NSQRawClient.batch(bodies))
        #expect(client.next() == .response("OK"))
    }

    @Test(arguments: brokers)
    func whatIsPublishedArrivesWithItsAttempts(broker: Broker) throws {
        try broker.run { port, _ in
            let publisher = try NSQRawClient(port: port)
            publisher.send("PUB topic", body: Array("one".utf8))
            publisher.send("MPUB topic", body: NSQRawClient.batch(["two", "three"]))
            publisher.send("DPUB topic 200", body: Array("late".utf8))
            for _ in 0..<3 { #expect(publisher.next() == .response("OK")) }
            let client = try Self.subscriber(port, "topic", ready: 3)
            for body in ["one", "two", "three"] {
                let message = client.message(body)
                #expect(message?.attempts == 1)
                client.send("FIN \(message?.id ?? "")")
            }
            #expect(client.message("late", Self.timeoutLimit) != nil)
        }
    }

    @Test(arguments: brokers)
    func everythingGoesInOneWriteWithoutNegotiation(broker: Broker) throws {
        try broker.run { port, _ in
            try Self.publish(port, "topic", ["x"])
            let client = try NSQRawClient(port: port, magic: false)
            client.socket.write(
                Array("  V2".utf8) + NSQRawClient.command("IDENTIFY", Array(#"{"output_buffer_size":-1}"#.utf8))
                    + Array("SUB topic channel\nRDY 1\n".utf8))
            #expect(client.next() == .response("OK"))
            #expect(client.next() == .response("OK"))
            #expect(client.message("x") != nil)
        }
    }

    @Test(arguments: brokers)
    func readyIsALimitAndNoCredit(broker: Broker) throws {
        try broker.runInTime { port, pass in
            try Self.publish(port, "topic", ["a", "b", "c"])
            let client = try Self.subscriber(port, "topic", ready: 1)
            let first = client.message("a")
            pass(.milliseconds(300))
            #expect(client.next(broker.moment) == .nothing)
            client.send("FIN \(first?.id ?? "")")
            #expect(client.message("b") != nil)
            pass(.milliseconds(300))
            #expect(client.next(broker.moment) == .nothing)
        }
    }

    @Test(arguments: brokers)
    func requeueCountsAttemptsAndMayWait(broker: Broker) throws {
        try broker.runInTime { port, pass in
            try Self.publish(port, "topic", ["a"])
            let client = try Self.subscriber(port, "topic", ready: 1)
            client.send("REQ \(client.message("a")?.id ?? "") 0")
            let again = client.message("a")
            #expect(again?.attempts == 2)
            client.send("REQ \(again?.id ?? "") 500")
            pass(.milliseconds(250))
            #expect(client.next(.milliseconds(20)) == .nothing)
            pass(.milliseconds(300))
            #expect(client.message("a", Self.timeoutLimit)?.attempts == 3)
        }
    }

    @Test(arguments: brokers)
    func aLateFinishFailsAndTheConnectionStays(broker: Broker) throws {
        try broker.runInTime { port, pass in
            try Self.publish(port, "topic", ["a"])
            let client = try Self.subscriber(port, "topic", ready: 1, extra: #","msg_timeout":1000"#)
            let first = client.message("a")
            pass(.seconds(1))
            let second = client.message("a", Self.timeoutLimit)
            #expect(second?.attempts == 2)
            client.send("FIN \(first?.id ?? "")")  // the same id, in flight again: this one is in time
            client.send("FIN \(first?.id ?? "")")
            #expect(client.next() == .error("E_FIN_FAILED FIN \(first?.id ?? "") failed ID not in flight"))
            for command in ["REQ \(first?.id ?? "") 0", "TOUCH \(first?.id ?? "")"] {
                client.send(command)
                guard case .error(let text) = client.next() else { return #expect(Bool(false), "no error to \(command)") }
                #expect(text.hasPrefix("E_\(command.prefix(while: { $0 != " " }))_FAILED"))
            }
            client.send("CLS")
            #expect(client.next() == .response("CLOSE_WAIT"))
        }
    }

    @Test(arguments: brokers)
    func touchKeepsAMessage(broker: Broker) throws {
        try broker.runInTime { port, pass in
            try Self.publish(port, "topic", ["a"])
            let client = try Self.subscriber(port, "topic", ready: 2, extra: #","msg_timeout":1000"#)
            let first = client.message("a")
            for _ in 0..<3 {
                pass(.milliseconds(500))
                #expect(client.next(.milliseconds(20)) == .nothing)
                client.send("TOUCH \(first?.id ?? "")")
            }
            client.send("FIN \(first?.id ?? "")")
            pass(.milliseconds(1500))
            #expect(client.next(.milliseconds(20)) == .nothing)
        }
    }

    @Test(arguments: brokers)
    func whatWasInFlightWaitsForItsTimeoutWhenTheClientGoes(broker: Broker) throws {
        try broker.runInTime { port, pass in
            try Self.publish(port, "topic", ["a"])
            var gone: NSQRawClient? = try Self.subscriber(port, "topic", ready: 1, extra: #","msg_timeout":1500"#)
            #expect(gone?.message("a") != nil)
            gone = nil
            let client = try Self.subscriber(port, "topic", ready: 1)
            pass(.milliseconds(800))
            #expect(client.next(.milliseconds(20)) == .nothing)
            pass(.milliseconds(800))
            #expect(client.message("a", Self.timeoutLimit)?.attempts == 2)
        }
    }

    @Test(arguments: brokers)
    func afterCloseWaitWhatIsHeldCanBeSettled(broker: Broker) throws {
        try broker.run { port, http in
            try Self.publish(port, "topic", ["a", "b", "c"])
            let client = try Self.subscriber(port, "topic", ready: 2)
            let (first, second) = (client.message("a"), client.message("b"))
            client.send("CLS")
            #expect(client.next() == .response("CLOSE_WAIT"))
            client.send("FIN \(first?.id ?? "")")
            client.send("REQ \(second?.id ?? "") 0")
            #expect(client.next(.milliseconds(300)) == .nothing)
            let stats = try LoopbackHTTP.request("GET", "/stats?format=json&topic=topic", port: http).text
            #expect(stats.contains(#""in_flight_count":0"#) && stats.contains(#""depth":2"#), "\(stats)")
        }
    }

    @Test(arguments: brokers)
    func withoutBufferTimeoutNothingIsDeliveredUntilTheBufferIsFull(broker: Broker) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.identify(#"{"output_buffer_timeout":-1}"#)
            client.send("SUB topic channel")
            client.send("RDY 10")
            for _ in 0..<2 { #expect(client.next() == .response("OK")) }
            try Self.publish(port, "topic", ["a"])
            #expect(client.next(.milliseconds(700)) == .nothing)
        }
    }

    @Test(arguments: brokers)
    func messagesWaitAQuarterOfASecondInTheDefaultBuffer(broker: Broker) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.send("SUB topic channel")
            client.send("RDY 10")
            #expect(client.next() == .response("OK"))
            try Self.publish(port, "topic", ["a"])
            #expect(client.message("a", .milliseconds(600)) != nil)
        }
    }

    @Test(arguments: brokers)
    func heartbeatsComeAndSilenceEndsTheConnection(broker: Broker) throws {
        try broker.runInTime { port, pass in
            let client = try NSQRawClient(port: port)
            client.identify(#"{"heartbeat_interval":1000}"#)
            #expect(client.next() == .response("OK"))
            pass(.seconds(1))
            #expect(client.next(.seconds(2), heartbeats: true) == .response("_heartbeat_"))
            client.send("NOP")
            var (last, silence) = (NSQRawClient.Event.nothing, Duration.zero)
            while last != .ended && last != .reset && silence < .seconds(5) {
                pass(.milliseconds(500))
                silence += .milliseconds(500)
                repeat { last = client.next(.milliseconds(20), heartbeats: true) } while last == .response("_heartbeat_")
            }
            #expect(last == .ended || last == .reset)
            #expect(silence > .milliseconds(1500))
        }
    }

    @Test(arguments: brokers)
    func onlyTwoMissedHeartbeatsEndAConnectionThatPublishes(broker: Broker) throws {
        try broker.runInTime { port, pass in
            let client = try NSQRawClient(port: port)
            client.identify(#"{"heartbeat_interval":1000}"#)
            #expect(client.next() == .response("OK"))
            for _ in 0..<6 {
                pass(.milliseconds(500))
                client.send("PUB topic", body: [0x61])
            }
            var replies = 0
            while client.next(.milliseconds(300), heartbeats: true) != .nothing { replies += 1 }
            #expect(replies >= 6 + 2)
        }
    }

    @Test(arguments: brokers)
    func withASecretNothingGoesWithoutItButOverHTTP(broker: Broker) throws {
        let authority = try NSQAuthServer(secret: "sesame")
        try broker.run(["-auth-http-address=127.0.0.1:\(authority.port)"], { $0.secret = "sesame" }) { port, http in
            let stranger = try NSQRawClient(port: port)
            stranger.identify(Self.negotiation)
            guard case .response(let answer) = stranger.next() else { return #expect(Bool(false), "no answer") }
            #expect(answer.contains(#""auth_required":true"#), "\(answer)")
            stranger.send("PUB topic", body: [0x61])
            stranger.expectFatal("E_AUTH_FIRST")
            let wrong = try NSQRawClient(port: port)
            wrong.send("AUTH", body: Array("other".utf8))
            wrong.expectFatal("E_AUTH_FAILED")
            let friend = try NSQRawClient(port: port)
            friend.send("AUTH", body: Array("sesame".utf8))
            guard case .response(let json) = friend.next() else { return #expect(Bool(false), "no answer") }
            #expect(json.contains(#""permission_count":1"#), "\(json)")
            friend.send("PUB topic", body: [0x61])
            #expect(friend.next() == .response("OK"))
            #expect(try LoopbackHTTP.request("POST", "/pub?topic=topic", port: http, body: [0x62]).text == "OK")
        }
    }

    @Test(arguments: brokers)
    func delaysAreForgottenWhereTheMemoryQueueOverflows(broker: Broker) throws {
        try broker.run(["-mem-queue-size=1"], { $0.forgetsDelays = true }) { port, _ in
            let publisher = try NSQRawClient(port: port)
            for _ in 0..<3 {
                publisher.send("DPUB topic 3600000", body: Array("late".utf8))
                #expect(publisher.next() == .response("OK"))
            }
            let client = try Self.subscriber(port, "topic", ready: 1)
            #expect(client.message("late") != nil)
        }
    }

    /// Whatever is negotiated, commands behind IDENTIFY are executed as long as no layer is changed.
    @Test(arguments: brokers)
    func negotiationThatChangesNothingSwallowsNothing(broker: Broker) throws {
        try broker.run { port, _ in
            let client = try NSQRawClient(port: port)
            client.socket.write(NSQRawClient.command("IDENTIFY", Array(Self.negotiation.utf8)) + NSQRawClient.command("PUB topic", [0x61]))
            guard case .response(let json) = client.next() else { throw ConformanceFailure("IDENTIFY was not answered") }
            #expect(json.contains("max_rdy_count"))
            #expect(client.next() == .response("OK"))
        }
    }

    @Test(arguments: brokers)
    func aSampleRateOfOneLetsTwoInAHundredThroughAndDiscardsTheOthers(broker: Broker) throws {
        try broker.run { port, http in
            let client = try Self.subscriber(port, "topic", ready: 2500, extra: #","sample_rate":1"#)
            try Self.publish(port, "topic", (0..<2000).map { "\($0)" })
            var count = 0
            while case .message = client.next(.seconds(1)) { count += 1 }
            #expect((10...90).contains(count))
            #expect(try LoopbackHTTP.request("GET", "/stats?format=json&topic=topic", port: http).text.contains(#""depth":0"#))
        }
    }
}
