import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

/// The transport against the stand-in, which can be told to misbehave.
@Suite("nsq delivery", .ownThread, .timeLimit(.minutes(5)))
struct NSQDeliveryTests {
    private static func host(_ servers: NSQStandIn...) -> String {
        "nsq://" + servers.map { "127.0.0.1:\($0.tcpPort)" }.joined(separator: ",")
    }

    /// The kit's subject on a stand-in with these settings.
    private static func subject(options: String = "", _ change: (inout NSQStandIn.Settings) -> Void = { _ in }) throws -> ConformanceSubject
    {
        var settings = NSQStandIn.Settings()
        change(&settings)
        let server = try NSQStandIn(settings)
        var subject = ConformanceSubject(NSQTransport.descriptor) {
            ConformanceQueue(sending: try NSQTransport.at("\(host(server))/\(UniqueName.make())/kit\(options)"))
        }
        (subject.fillsUp, subject.keepsOrder) = (false, false)
        subject.streamLength = 5000
        return subject
    }

    private static let plain = Result { try subject() }
    private static let wild = Result {
        var wild = try subject(options: ",snappy") {
            $0.splitsFrames = true
            $0.sendsHeartbeatBeforeReplies = true
            $0.sendsMessageAfterCloseWait = true
            $0.offersSnappy = true
        }
        // Each reply goes out byte by byte, with a pause behind every one.
        wild.streamLength = 250
        // All cases have one stand-in, which is slow on a busy machine with all its pauses.
        wild.patience = .seconds(40)
        return wild
    }
    private static let deflated = Result {
        try subject(options: ",deflate=1") {
            $0.sendsHeartbeatBeforeReplies = true
            $0.offersDeflate = true
        }
    }
    /// What needs the daemon's HTTP interface is tried with the daemon.
    private static let checks = Conformance.checks(for: try! plain.get()).filter {
        !$0.description.contains("purge") && !$0.description.contains("queue is made") && !$0.description.contains("removed")
    }

    @Test(arguments: checks)
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: try Self.plain.get()) }

    /// A message that comes behind CLOSE_WAIT goes back behind the others, so that order is no matter there.
    @Test(arguments: checks.filter { !$0.description.contains("in order") })
    func keepsTheContractThroughSplitFramesHeartbeatsAndSnappy(check: ConformanceCheck) throws { try check.run(on: try Self.wild.get()) }

    @Test(arguments: checks)
    func keepsTheContractThroughDeflate(check: ConformanceCheck) throws { try check.run(on: try Self.deflated.get()) }

    // MARK: Exactly what was asked for

    @Test func receiverThatTakesThreeHundredLeavesTheOthersUntouched() throws {
        let server = try NSQStandIn()
        try NSQ.send(NSQ.numbered(0..<1000), to: "\(Self.host(server))/topic")
        #expect(try NSQ.receive(300, from: "\(Self.host(server))/topic/channel").count == 300)
        let state = server.state("topic", "channel")
        #expect(state?.depth == 700 && state?.inFlight == 0 && state?.finished == 300)
        // Only what was on its way when the last was taken may have been given back.
        #expect(state?.requeued == 0)
    }

    @Test func receiverOfOneTakesOne() throws {
        let server = try NSQStandIn()
        try NSQ.send(NSQ.numbered(0..<10), to: "\(Self.host(server))/topic")
        for round in 1...5 {
            #expect(try NSQ.receive(1, from: "\(Self.host(server))/topic/channel").count == 1)
            let state = server.state("topic", "channel")
            #expect(state?.finished == round && state?.requeued == 0 && state?.inFlight == 0)
        }
    }

    @Test func whatIsSettledByAReceiverThatTakesNothingReachesNSQDAtOnce() throws {
        let server = try NSQStandIn()
        try NSQ.send(NSQ.numbered(0..<10), to: "\(Self.host(server))/topic")
        let receiver = try NSQTransport.at("\(Self.host(server))/topic/channel").openReceiver(NSQ.opening())
        var batch = Batch()
        while batch.count < 3 {
            _ = try receiver.receive(into: &batch, limit: 3 - batch.count, byteLimit: 1 << 20, until: .after(.seconds(5)), stop: StopFlag())
        }
        try receiver.settle(0..<1, as: .acknowledge)
        try receiver.settle(1..<2, as: .requeue(after: .seconds(60)))
        receiver.sendSettled()
        // Long before the thread that keeps messages alive would have looked after it, a quarter of a minute later.
        #expect(
            NSQ.eventually { server.state("topic", "channel").map { $0.finished == 1 && $0.requeued == 1 && $0.inFlight == 1 } ?? false })
        try receiver.settle(2..<3, as: .acknowledge)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.state("topic", "channel")?.finished == 2)
    }

    @Test(arguments: 2...4) func fewerMessagesThanConnectionsReachEveryConnectionInTurn(count: Int) throws {
        let servers = try (0..<count).map { _ in try NSQStandIn() }
        for (index, server) in servers.enumerated() { server.publish([[UInt8(index)]], to: "topic") }
        let address = "nsq://\(servers.map { "127.0.0.1:\($0.tcpPort)" }.joined(separator: ","))/topic/channel"
        let receiver = try NSQTransport.at(address).openReceiver(NSQ.opening())
        var bodies: [[UInt8]] = []
        for _ in 0..<servers.count { bodies += try NSQ.receive(1, with: receiver) }
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(Set(bodies) == Set((0..<count).map { [UInt8($0)] }))
        for server in servers { #expect(server.state("topic", "channel")?.inFlight == 0) }
    }

    // MARK: Several nsqds

    @Test func messagesAreDividedAmongSeveralNSQDs() throws {
        let (first, second) = (try NSQStandIn(), try NSQStandIn())
        let sender = try NSQTransport.at("\(Self.host(first, second))/topic").openSender(NSQ.opening())
        for round in 0..<10 { try NSQ.send(NSQ.numbered(round * 100..<round * 100 + 100), with: sender) }
        try NSQ.flush(sender)
        let depths = [first.depth(of: "topic") ?? 0, second.depth(of: "topic") ?? 0]
        #expect(depths.allSatisfy { $0 >= 100 } && depths.reduce(0, +) == 1000)
        #expect(try Set(NSQ.receive(1000, from: "\(Self.host(first, second))/topic/channel")) == Set(NSQ.numbered(0..<1000)))
    }

    @Test func copyReachesEveryNSQD() throws {
        let (first, second) = (try NSQStandIn(), try NSQStandIn())
        try NSQ.send(NSQ.numbered(0..<500), to: "\(Self.host(first, second))/topic,copy")
        for server in [first, second] {
            #expect(try Set(NSQ.receive(500, from: "\(Self.host(server))/topic/channel")) == Set(NSQ.numbered(0..<500)))
        }
    }

    @Test func copyNeedsEveryNSQD() throws {
        let first = try NSQStandIn()
        let error = NSQ.error { _ = try NSQTransport.at("\(Self.host(first)),127.0.0.1:1/topic,copy").openSender(NSQ.opening()) }
        #expect(error?.code == .unreachable)
    }

    @Test func copyIsGivenUpWhenAnNSQDStaysAway() throws {
        let (first, second) = (try NSQStandIn(), try NSQStandIn())
        let sender = try NSQTransport.at("\(Self.host(first, second))/topic,copy").openSender(NSQ.opening(retry: .milliseconds(300)))
        try NSQ.send([[1]], with: sender)
        try NSQ.flush(sender)
        second.stop()
        let error = NSQ.error {
            try NSQ.send([[2]], with: sender)
            try NSQ.flush(sender)
        }
        #expect(error?.code == .unreachable && sender.confirmed == 1)
    }

    @Test func senderGoesOnWithoutAnNSQDThatIsDown() throws {
        let first = try NSQStandIn()
        let log = NoticeLog()
        try NSQ.send(NSQ.numbered(0..<500), to: "\(Self.host(first)),127.0.0.1:1/topic", log: log)
        #expect(first.depth(of: "topic") == 500)
        #expect(log.warnings.count == 1)
    }

    @Test func whatAnNSQDThatBreaksDidNotConfirmGoesToAnother() throws {
        var settings = NSQStandIn.Settings()
        settings.withholdsPublishReplies = true
        let (first, second) = (try NSQStandIn(settings), try NSQStandIn())
        let log = NoticeLog()
        let sender = try NSQTransport.at("\(Self.host(first, second))/topic").openSender(NSQ.opening(log))
        try NSQ.send(NSQ.numbered(0..<100), with: sender)
        try NSQ.send(NSQ.numbered(100..<200), with: sender)
        #expect(NSQ.eventually { first.depth(of: "topic") == 100 })
        #expect(sender.confirmed == 0)
        first.stop()
        try NSQ.flush(sender)
        #expect(sender.confirmed == 200)
        #expect(second.depth(of: "topic") == 200)
        #expect(sender.closingRemarks.first?.contains("100 messages were sent again") == true)
        #expect(log.warnings.count == 1)
    }

    // MARK: Broken connections

    @Test func withoutRetryABrokenConnectionTellsHowFarItCame() throws {
        var settings = NSQStandIn.Settings()
        settings.cutsAfterPublishes = 3
        let server = try NSQStandIn(settings)
        let sender = try NSQTransport.at("\(Self.host(server))/topic").openSender(NSQ.opening())
        var error: TransportError?
        for round in 0..<6 where error == nil {
            error = NSQ.error {
                try NSQ.send(NSQ.numbered(round * 10..<round * 10 + 10), with: sender)
                try NSQ.flush(sender)
            }
        }
        #expect(error?.code == .unreachable && error?.message == "connection closed by peer")
        #expect(sender.confirmed == 20)
        #expect(NSQ.error { try NSQ.send([[1]], with: sender) }?.code == .unreachable)
    }

    @Test func withRetryEverythingArrivesThroughCutConnections() throws {
        var settings = NSQStandIn.Settings()
        settings.cutsAfterPublishes = 5
        let server = try NSQStandIn(settings)
        let sender = try NSQTransport.at("\(Self.host(server))/topic").openSender(NSQ.opening(retry: .seconds(20)))
        for round in 0..<30 { try NSQ.send(NSQ.numbered(round * 10..<round * 10 + 10), with: sender) }
        try NSQ.flush(sender)
        #expect(sender.confirmed == 300)
        let depth = server.depth(of: "topic") ?? 0
        #expect(depth > 300)
        #expect(try Set(NSQ.receive(depth, from: "\(Self.host(server))/topic/channel")) == Set(NSQ.numbered(0..<300)))
    }

    @Test func retryEndsAfterItsTime() throws {
        let server = try NSQStandIn()
        let sender = try NSQTransport.at("\(Self.host(server))/topic").openSender(NSQ.opening(retry: .milliseconds(300)))
        try NSQ.send([[1]], with: sender)
        try NSQ.flush(sender)
        server.stop()
        let start = Deadline.now()
        let error = NSQ.error {
            try NSQ.send([[2]], with: sender)
            try NSQ.flush(sender)
        }
        let took = Deadline.now() - start
        #expect(error?.code == .unreachable && took > 250_000_000 && took < 5_000_000_000)
    }

    @Test func receiverReconnectsAndGetsWhatComesLater() throws {
        let server = try NSQStandIn()
        let log = NoticeLog()
        let receiver = try NSQTransport.at("\(Self.host(server))/topic/channel").openReceiver(NSQ.opening(log, retry: .seconds(10)))
        for round in 0..<3 {
            server.publish([[UInt8(round)]], to: "topic")
            #expect(try NSQ.receive(1, with: receiver) == [[UInt8(round)]])
            // The settlement goes out with the next call at the latest.
            _ = try NSQ.receive(1, with: receiver, within: .milliseconds(20))
            #expect(NSQ.eventually { server.state("topic", "channel")?.finished == round + 1 })
            server.cutConnections()
        }
        #expect(log.warnings.count == 2)
    }

    /// At once, and not when the connections are looked after the next time, two and a half seconds later.
    @Test func withoutRetryABrokenConnectionEndsTheReceiver() throws {
        let took = try shortest(enough: .seconds(1)) {
            let server = try NSQStandIn()
            let receiver = try NSQTransport.at("\(Self.host(server))/topic/channel").openReceiver(NSQ.opening())
            server.cutConnections()
            let start = ContinuousClock.now
            let error = NSQ.error { _ = try NSQ.receive(1, with: receiver) }
            #expect(error?.code == .unreachable)
            return ContinuousClock.now - start
        }
        #expect(took < .seconds(1))
    }

    // MARK: While the owner is elsewhere

    @Test func connectionsOutliveAnOwnerWhoIsElsewhere() throws {
        let hands = HandClocks()
        let server = try NSQ.standIn(by: hands)
        let options = ",heartbeat=1s,msg-timeout=1s", opening = NSQ.opening(clocks: hands.clocks)
        let sender = try NSQTransport.at("\(Self.host(server))/topic\(options)").openSender(opening)
        let receiver = try NSQTransport.at("\(Self.host(server))/topic/channel\(options)").openReceiver(opening)
        try NSQ.send(NSQ.numbered(0..<10), with: sender)
        var batch = Batch()
        while batch.count < 3 {
            _ = try receiver.receive(into: &batch, limit: 3 - batch.count, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: StopFlag())
        }
        // Two heartbeats are missed, which ends a connection, and every message would have timed out twice.
        for round in 1...6 {
            hands.advance(.milliseconds(500))
            #expect(
                NSQ.eventually {
                    let commands = server.commands
                    return commands["NOP"] ?? 0 >= 2 * round && commands["TOUCH"] ?? 0 >= 3 * round
                }, "\(server.commands)")
        }
        try NSQ.send([[1]], with: sender)
        try NSQ.flush(sender)
        #expect(server.state("topic", "channel")?.timedOut == 0)
        try receiver.settle(0..<3, as: .acknowledge)
        #expect(try NSQ.receive(8, with: receiver).count == 8)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(receiver.closingRemarks.isEmpty)
        let state = server.state("topic", "channel")
        #expect(state?.finished == 11 && state?.inFlight == 0)
    }

    @Test func settlementThatComesTooLateIsReported() throws {
        let hands = HandClocks()
        let server = try NSQ.standIn(by: hands) { $0.maximumMessageTimeout = .seconds(1) }
        server.publish([[1]], to: "topic")
        let receiver = try NSQTransport.at("\(Self.host(server))/topic/channel,msg-timeout=1s")
            .openReceiver(NSQ.opening(clocks: hands.clocks))
        var batch = Batch()
        _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 10, until: .after(.seconds(5)), stop: StopFlag())
        hands.advance(.seconds(1))
        #expect(NSQ.eventually { server.state("topic", "channel")?.timedOut == 1 })
        try receiver.settle(0..<1, as: .acknowledge)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(receiver.closingRemarks.count == 1)
    }

    // MARK: Who is there

    @Test func secretIsAskedForAndReadFromAFile() throws {
        var settings = NSQStandIn.Settings()
        settings.secret = "open sesame"
        let server = try NSQStandIn(settings)
        let fixture = Fixture()
        let path = try fixture.directory() + "/secret"
        try LocalFile.write(Array("open sesame\n".utf8), to: path)
        try NSQ.send([[1]], to: "\(Self.host(server))/topic,auth-file=\(path)")
        #expect(server.depth(of: "topic") == 1)
        #expect(NSQ.error { try NSQ.send([[1]], to: "\(Self.host(server))/topic") }?.code == .permission)
        try LocalFile.write(Array("wrong".utf8), to: path)
        #expect(NSQ.error { try NSQ.send([[1]], to: "\(Self.host(server))/topic,auth-file=\(path)") }?.code == .permission)
    }

    @Test(arguments: ["tls", "snappy", "deflate=3"])
    func refusedFeatureEndsTheConnection(option: String) throws {
        let server = try NSQStandIn()
        #expect(NSQ.error { try NSQ.send([[1]], to: "\(Self.host(server))/topic,\(option)") }?.code == .configuration)
        #expect(server.depth(of: "topic") == nil)
    }

    @Test func portOfAWebServerIsNamed() throws {
        let server = try NSQStandIn()
        let error = NSQ.error { try NSQ.send([[1]], to: "nsq://127.0.0.1:\(server.httpPort)/topic") }
        #expect(error?.code == .protocolViolation && error?.message == "this is an HTTP port")
    }

    /// Whether its words about the size arrive or are lost with the connection.
    @Test(arguments: [false, true]) func oversizedMessageThatOnlyNSQDKnowsOfIsNamed(losesWords: Bool) throws {
        var settings = NSQStandIn.Settings()
        (settings.maximumMessageSize, settings.alwaysLosesOversizeError) = (5000, losesWords)
        let server = try NSQStandIn(settings)
        // Without its HTTP port nobody knows the limit beforehand.
        let sender = try NSQTransport.at("\(Self.host(server))/topic,http-port=1").openSender(NSQ.opening())
        var messages = NSQ.numbered(0..<100)
        messages[50] = [UInt8](repeating: 1, count: 4000)
        messages[70] = [UInt8](repeating: 1, count: 6000)
        try NSQ.send(messages, with: sender)
        try NSQ.flush(sender)
        let rejections = sender.takeRejections()
        #expect(rejections.map(\.position) == [70] && rejections.allSatisfy { $0.error.code == .unsendable })
        #expect(sender.confirmed == 100)
        messages.remove(at: 70)
        #expect(
            try NSQ.receive(100, from: "\(Self.host(server))/topic/channel", within: .milliseconds(300)).sorted {
                $0.lexicographicallyPrecedes($1)
            }
                == messages.sorted { $0.lexicographicallyPrecedes($1) })
        let refusal = try NSQTransport.at("\(Self.host(server))/topic,max-message=1000").openSender(NSQ.opening())
        var batch = Batch()
        batch.append([UInt8](repeating: 1, count: 2000))
        #expect(refusal.refusal(in: batch, 0..<1)?.error.code == .unsendable)
    }
}
