import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

/// What operators and broken nsqds do to an endpoint, against the stand-in.
@Suite("nsq in trouble", .ownThread, .timeLimit(.minutes(1)))
struct NSQTroubleTests {
    private static func address(_ server: NSQStandIn, _ queue: String = "topic/channel", _ options: String = "") -> String {
        "nsq://127.0.0.1:\(server.tcpPort)/\(queue),http-port=\(server.httpPort)\(options)"
    }

    private static func draining(_ address: String, _ log: NoticeLog? = nil) throws -> any Receiver {
        var opening = NSQ.opening(log)
        opening.endsWhenEmpty = true
        return try NSQTransport.at(address).openReceiver(opening)
    }

    /// Receives and acknowledges until something else comes than messages.
    private static func drain(_ receiver: any Receiver) throws -> (count: Int, Outcome) {
        var batch = Batch()
        var count = 0
        while true {
            batch.removeAll()
            let outcome = try receiver.receive(
                into: &batch, limit: .max, byteLimit: 1 << 17, until: .after(.seconds(30)), stop: StopFlag())
            if outcome != .received { return (count, outcome) }
            count += batch.count
            try receiver.settle(last: batch.count, as: .acknowledge)
        }
    }

    // MARK: Draining

    @Test func aSilenceDoesNotEndADrain() throws {
        let server = try NSQStandIn()
        server.publish(NSQ.numbered(0..<5000), to: "topic")
        let receiver = try Self.draining(Self.address(server))
        var batch = Batch()
        _ = try receiver.receive(into: &batch, limit: 10, byteLimit: 1 << 17, until: .after(.seconds(10)), stop: StopFlag())
        try receiver.settle(last: batch.count, as: .acknowledge)
        server.change { $0.isStopped = true }
        let resumption = Background { () throws in
            usleep(1_200_000)
            server.change { $0.isStopped = false }
        }
        let rest = try Self.drain(receiver)
        try resumption.join()
        #expect(rest.count + batch.count == 5000 && rest.1 == .ended)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("topic", "channel")?.finished == 5000)
    }

    @Test func anEmptyChannelIsKnownToBeEmptyAtOnce() throws {
        let server = try NSQStandIn()
        let took = try (0..<5).map { _ in
            let start = Deadline.now()
            let (count, outcome) = try Self.drain(try Self.draining(Self.address(server)))
            #expect(count == 0 && outcome == .ended)
            return Deadline.now() - start
        }.min()!
        #expect(took < 250_000_000)
    }

    @Test func aDrainOfAPausedChannelSaysSo() throws {
        let server = try NSQStandIn()
        server.publish([[1], [2]], to: "topic")
        for path in ["channel/create", "channel/pause"] {
            _ = try LoopbackHTTP.request("POST", "/\(path)?topic=topic&channel=channel", port: server.httpPort)
        }
        let log = NoticeLog()
        let receiver = try Self.draining(Self.address(server), log)
        #expect(NSQ.error { _ = try Self.drain(receiver) }?.message == "the channel is paused: 2 messages in it")
        // It is asked beside the connecting, and may be answered later than the drain ends.
        #expect(eventually { log.warnings.contains { $0.contains("is paused") } })
    }

    // MARK: Silence and deletion

    @Test func twoMissedHeartbeatsEndAReceiver() throws {
        let hands = HandClocks()
        let server = try NSQ.standIn(by: hands)
        let receiver = try NSQTransport.at(Self.address(server, "topic/channel", ",heartbeat=1s"))
            .openReceiver(NSQ.opening(clocks: hands.clocks))
        server.change { $0.isStopped = true }
        hands.advance(.milliseconds(1900))
        #expect(try NSQ.receive(1, with: receiver, within: .milliseconds(50)) == [])
        hands.advance(.milliseconds(400))
        let error = NSQ.error { _ = try NSQ.receive(1, with: receiver, within: .seconds(20)) }
        server.change { $0.isStopped = false }
        #expect(error?.code == .unreachable && error?.message.contains("missed two heartbeats") == true)
    }

    @Test func twoMissedHeartbeatsEndASenderThatWaitsForAnswers() throws {
        let hands = HandClocks()
        let server = try NSQ.standIn(by: hands)
        let sender = try NSQTransport.at(Self.address(server, "topic", ",heartbeat=1s"))
            .openSender(NSQ.opening(clocks: hands.clocks))
        server.change { $0.isStopped = true }
        try NSQ.send([[1], [2]], with: sender)
        hands.advance(.seconds(3))
        let error = NSQ.error { try NSQ.flush(sender, within: .seconds(20)) }
        server.change { $0.isStopped = false }
        #expect(error?.code == .unreachable && error?.message.contains("missed two heartbeats") == true)
        #expect(error?.details.first?.contains("2 messages were sent and not answered") == true)
    }

    @Test(arguments: [nil, Duration.seconds(30)]) func aChannelThatIsDeletedIsNoSuchQueueAndIsNotMadeAgain(retry: Duration?) throws {
        let server = try NSQStandIn()
        let receiver = try NSQTransport.at(Self.address(server)).openReceiver(NSQ.opening(retry: retry))
        _ = try LoopbackHTTP.request("POST", "/channel/delete?topic=topic&channel=channel", port: server.httpPort)
        let error = NSQ.error { _ = try NSQ.receive(1, with: receiver, within: .seconds(10)) }
        #expect(error?.code == .noSuchQueue)
        usleep(100_000)
        #expect(server.state("topic", "channel") == nil)
    }

    @Test func connectionsAreKeptAliveByTheSystem() throws {
        let server = try NSQStandIn()
        let socket = try Socket(
            to: .tcp(host: "127.0.0.1", port: server.tcpPort), resolve: [], until: .after(.seconds(5)), stop: StopFlag())
        var (value, length) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        #expect(getsockopt(socket.descriptor, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0 && value == 1)
        #expect(socket.localAddress?.hasPrefix("127.0.0.1:") == true)
    }

    @Test func aShutdownADeletionAndASilenceHaveSentencesOfTheirOwn() throws {
        var sentences: [String] = []
        for trouble in 0..<3 {
            let hands = HandClocks()
            let server = try NSQ.standIn(by: hands)
            let receiver = try NSQTransport.at(Self.address(server, "topic/channel", ",heartbeat=1s"))
                .openReceiver(NSQ.opening(clocks: hands.clocks))
            switch trouble {
            case 0: server.stop()
            case 1: _ = try LoopbackHTTP.request("POST", "/channel/delete?topic=topic&channel=channel", port: server.httpPort)
            default:
                server.change { $0.isStopped = true }
                hands.advance(.seconds(3))
            }
            sentences.append(NSQ.error { _ = try NSQ.receive(1, with: receiver, within: .seconds(20)) }?.message ?? "none")
            if trouble == 2 { server.change { $0.isStopped = false } }
        }
        #expect(sentences[0] == "connection closed by peer")
        #expect(sentences[1] == "the channel channel of the topic topic was deleted")
        #expect(sentences[2].hasPrefix("nsqd has missed two heartbeats"))
    }

    /// The address of a web server, and bytes that only begin as one of its answers would.
    @Test func onlyAnAnswerOfAWebServerIsTakenForOne() throws {
        for (bytes, message) in [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "this is an HTTP port"), ("HTTPS-only", "a frame of 1213486160 bytes cannot be nsqd's"),
        ] {
            var decoder = FrameDecoder()
            Array(bytes.utf8.prefix(4)).withUnsafeBytes { decoder.append($0) }
            #expect(try decoder.next() == nil)
            Array(bytes.utf8.dropFirst(4)).withUnsafeBytes { decoder.append($0) }
            #expect(NSQ.error { _ = try decoder.next() }?.message == message)
        }
    }

    // MARK: Refusals

    @Test func aFullDiskIsTriedAgainWithPausesUntilTheTimeIsOver() throws {
        var settings = NSQStandIn.Settings()
        settings.refusesPublishes = "E_MPUB_FAILED MPUB failed write: no space left on device"
        let server = try NSQStandIn(settings)
        let log = NoticeLog()
        let hands = HandClocks(), now = hands.clocks.monotonic, start = now()
        let trying = Background { () throws in
            // The endpoint stays on the thread that uses it.
            let sender = try NSQTransport.at(Self.address(server, "topic"))
                .openSender(NSQ.opening(log, retry: .seconds(2), clocks: hands.clocks))
            return NSQ.error {
                try NSQ.send([[1]], with: sender, within: .seconds(30))
                try NSQ.flush(sender, within: .seconds(30))
            }
        }
        #expect(
            eventually(within: .seconds(30)) {
                hands.advance(.milliseconds(20))
                return trying.isDone
            })
        let (error, took) = (try trying.join(), now() - start)
        #expect(error?.message.contains("no space left on device") == true)
        #expect((1_800_000_000...9_000_000_000).contains(took))
        #expect((2...12).contains(server.commands["IDENTIFY"] ?? 0))
        #expect(log.warnings.count == 1)
    }

    @Test func aDiskThatHasRoomAgainTakesEverythingOnce() throws {
        var settings = NSQStandIn.Settings()
        settings.refusesPublishes = "E_MPUB_FAILED MPUB failed write: no space left on device"
        let server = try NSQStandIn(settings)
        let sender = try NSQTransport.at(Self.address(server, "topic")).openSender(NSQ.opening(retry: .seconds(20)))
        try NSQ.send([[1], [2]], with: sender)
        // They are refused before there is room.
        #expect(eventually { (server.commands["PUB"] ?? 0) + (server.commands["MPUB"] ?? 0) >= 1 })
        server.change { $0.refusesPublishes = nil }
        try NSQ.flush(sender, within: .seconds(20))
        #expect(server.depth(of: "topic") == 2 && sender.confirmed == 2)
    }

    @Test func whatWasSettledJustBeforeAConnectionBrokeIsMentioned() throws {
        let server = try NSQStandIn()
        server.publish(NSQ.numbered(0..<10), to: "topic")
        let receiver = try NSQTransport.at(Self.address(server)).openReceiver(NSQ.opening(retry: .seconds(5)))
        #expect(try NSQ.receive(10, with: receiver).count == 10)
        server.change { $0.isStopped = true }
        var batch = Batch()
        _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 10, until: .after(.milliseconds(20)), stop: StopFlag())
        server.change { $0.isStopped = false }
        server.cutConnections()
        _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 10, until: .after(.milliseconds(300)), stop: StopFlag())
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(
            receiver.closingRemarks.contains { $0.contains("settled just before their connection broke") }, "\(receiver.closingRemarks)")
    }

    @Test func aSecretThatOthersCanReadIsWarnedOf() throws {
        var settings = NSQStandIn.Settings()
        settings.secret = "open sesame"
        let server = try NSQStandIn(settings)
        let fixture = Fixture()
        let path = try fixture.directory() + "/secret"
        try LocalFile.write(Array("open sesame\n".utf8), to: path)
        for (mode, count) in [(mode_t(0o644), 1), (0o600, 0)] {
            chmod(path, mode)
            let log = NoticeLog()
            try NSQ.send([[1]], to: Self.address(server, "topic", ",auth-file=\(path)"), log: log)
            #expect(log.warnings.count == count)
        }
    }
}
