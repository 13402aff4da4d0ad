import Glibc
import MQCore
import MQNet
import MQStandIns
import MQTesting
import Testing

@testable import TransportNSQ

@Suite("nsq administration", .ownThread, .timeLimit(.minutes(1)))
struct NSQAdminTests {
    static func admin(_ address: String, _ log: NoticeLog? = nil, stop: StopFlag = StopFlag()) throws(TransportError) -> any Admin {
        var opening = Opening(stop: stop)
        opening.deadline = .after(.seconds(20))
        if let log { opening.notices = log.notices }
        return try NSQTransport.at(address).openAdmin(opening)
    }

    private func send(_ bodies: [String], to address: String) throws {
        let sender = try NSQTransport.at(address).openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        for body in bodies { batch.append(Array(body.utf8)) }
        _ = try sender.send(batch, 0..<batch.count, until: .after(.seconds(5)), stop: StopFlag())
        try sender.flush(until: .after(.seconds(5)), stop: StopFlag())
    }

    private func code(_ body: () throws -> Void) -> TransportError.Code? {
        do { try body() } catch { return (error as? TransportError)?.code }
        return nil
    }

    @Test(arguments: NSQBrokerUnderTest.all) func topicsAndChannelsAreMadeShownAndRemoved(_ broker: NSQBrokerUnderTest) throws {
        try broker.run { port, httpPort in
            let root = "nsq://127.0.0.1:\(port)"
            let options = ",http-port=\(httpPort)"
            let topic = try Self.admin("\(root)/orders\(options)")
            let channel = try Self.admin("\(root)/orders/archive\(options)")
            #expect(try topic.list().queues.isEmpty)
            for each in [topic, channel] {
                #expect(code { _ = try each.status() } == .noSuchQueue)
                #expect(code { try each.delete() } == .noSuchQueue)
                #expect(code { try each.pause(true) } == .noSuchQueue)
                #expect(code { _ = try each.purge() } == .noSuchQueue)
            }
            #expect(try channel.create(exclusive: true))
            #expect(try !channel.create(exclusive: false))
            #expect(code { _ = try channel.create(exclusive: true) } == .cannotCreate)
            #expect(code { _ = try topic.create(exclusive: true) } == .cannotCreate)

            try send(["a", "b", "c"], to: "\(root)/orders")
            let status = try topic.status()
            #expect(status.address == "\(root)/orders\(options)")
            #expect(status["received"] == .counter(3))
            #expect(status["channels"] == .number(1))
            #expect(status.parts.map(\.address) == ["\(root)/orders/archive\(options)"])
            #expect(try eventually { try channel.status()["messages"] == .number(3) })
            #expect(try channel.status()["clients"] == .number(0))
            #expect(try topic.list().queues.map(\.address) == ["\(root)/orders\(options)", "\(root)/orders/archive\(options)"])

            #expect(try channel.purge() == 3)
            #expect(try channel.status()["messages"] == .number(0))
            try channel.delete()
            #expect(code { _ = try channel.status() } == .noSuchQueue)
            try topic.delete()
            #expect(try topic.list().queues.isEmpty)
        }
    }

    @Test(arguments: NSQBrokerUnderTest.all) func aPauseIsSeenAndHoldsMessagesBack(_ broker: NSQBrokerUnderTest) throws {
        try broker.run { port, httpPort in
            let address = "nsq://127.0.0.1:\(port)/pausing"
            let options = ",http-port=\(httpPort)"
            let topic = try Self.admin("\(address)\(options)")
            #expect(try topic.create(exclusive: true))
            try topic.pause(true)
            try topic.pause(true)
            #expect(try topic.status()["paused"] == .flag(true))
            try topic.pause(false)
            #expect(try topic.status()["paused"] == .flag(false))
            let channel = try Self.admin("\(address)/c\(options)")
            #expect(try channel.create(exclusive: true))
            try channel.pause(true)
            #expect(try channel.status()["paused"] == .flag(true))
            #expect(try topic.status()["paused"] == .flag(false))

            try send(["x"], to: address)
            let stop = StopFlag()
            let receiver = try NSQTransport.at("\(address)/c").openReceiver(Opening(stop: stop))
            var batch = Batch()
            func receive(_ limit: Duration) throws -> Outcome {
                try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: .after(limit), stop: stop)
            }
            #expect(try receive(.milliseconds(300)) == .deadlinePassed)
            #expect(try channel.status()["clients"] == .number(1))
            try channel.pause(false)
            #expect(try receive(.seconds(10)) == .received)
            try receiver.settle(0..<1, as: .acknowledge)
            try receiver.close(until: .after(.seconds(5)), stop: stop)
        }
    }

    @Test(arguments: NSQBrokerUnderTest.all) func whatNoChannelHasIsPurgedAndTheRestIsNamed(_ broker: NSQBrokerUnderTest) throws {
        try broker.run { port, httpPort in
            let address = "nsq://127.0.0.1:\(port)/early"
            try send(["a", "b"], to: address)
            let log = NoticeLog()
            let topic = try Self.admin("\(address),http-port=\(httpPort)", log)
            #expect(try topic.status()["messages"] == .number(2))
            #expect(try topic.purge() == 2)
            #expect(log.warnings.isEmpty)
            let channel = try Self.admin("\(address)/c,http-port=\(httpPort)")
            _ = try channel.create(exclusive: true)
            try send(["c"], to: address)
            #expect(try eventually { try channel.status()["messages"] == .number(1) })
            #expect(try topic.purge() == 0)
            #expect(log.warnings.count == 1 && log.warnings[0].hasPrefix("the topic's channels keep what they have (1)"))
        }
    }

    @Test(arguments: NSQBrokerUnderTest.all) func aHashInANameStaysInTheName(_ broker: NSQBrokerUnderTest) throws {
        try broker.run { port, httpPort in
            let admin = try Self.admin("nsq://127.0.0.1:\(port)/short#ephemeral/lived#ephemeral,http-port=\(httpPort)")
            #expect(try admin.create(exclusive: true))
            #expect(try admin.status()["messages"] == .number(0))
            let names = try admin.list().queues.map { $0.address.split(separator: "/").dropFirst(2).joined(separator: "/") }
            #expect(names == ["short#ephemeral,http-port=\(httpPort)", "short#ephemeral/lived#ephemeral,http-port=\(httpPort)"])
            try admin.delete()
            #expect(code { _ = try admin.status() } == .noSuchQueue)
        }
    }

    // MARK: Nodes and clients

    @Test func theNSQDsAreListedWithWhatTheyHold() throws {
        let (one, other) = (try NSQStandIn(), try NSQStandIn())
        one.publish([[1], [2]], to: "orders")
        other.publish([[3]], to: "logs")
        let hosts = [one, other].map { "127.0.0.1:\($0.httpPort)" }
        _ = try LoopbackHTTP.request("POST", "/topic/tombstone?topic=orders&node=\(hosts[0])", port: one.httpPort)
        let found = try Self.admin("nsqlookup://\(hosts.joined(separator: ","))/").nodes()
        let nodes = try ["nsq://127.0.0.1:\(one.tcpPort)", "nsq://127.0.0.1:\(other.tcpPort)"].map { address in
            try #require(found.queues.first { $0.address == address })
        }
        #expect(nodes.allSatisfy { $0["version"] == .text("1.3.0") && $0["health"] == .text("OK") && $0["topics"] == .number(1) })
        #expect(nodes.map { $0["messages"] } == [.number(2), .number(1)])
        #expect(nodes.map { $0["tombstones"] } == [.number(1), .number(0)])
        #expect(nodes[0].parts.map(\.address) == ["nsq://127.0.0.1:\(one.tcpPort)/orders"])
        #expect(nodes[0].parts[0]["tombstoned"] == .flag(true))
        let direct = try Self.admin("nsq://127.0.0.1:\(one.tcpPort)/,http-port=\(one.httpPort)").nodes()
        #expect(direct.queues.map(\.address) == ["nsq://127.0.0.1:\(one.tcpPort)"] && direct.queues[0]["tombstones"] == nil)
        #expect(try Self.admin("nsqlookup://\(hosts.joined(separator: ","))/logs").nodes().queues.map(\.address) == [nodes[1].address])
    }

    @Test func oneOfSeveralNSQDsIsPausedPurgedAndRidOfATopicByItself() throws {
        let servers = [try NSQStandIn(), try NSQStandIn()]
        for server in servers {
            server.publish([[1], [2]], to: "t")
            _ = try LoopbackHTTP.request("POST", "/channel/create?topic=t&channel=c", port: server.httpPort)
        }
        let root = "nsqlookup://" + servers.map { "127.0.0.1:\($0.httpPort)" }.joined(separator: ",")
        let (whole, name) = (try Self.admin("\(root)/t/c"), "127.0.0.1:\(servers[0].tcpPort)")
        for node in [name, "nsq://\(name)", "nsq://\(name)/t", "127.0.0.1:\(servers[0].httpPort)"] {
            try whole.onNode(node).pause(true)
            #expect(try whole.status()["paused"] == .text("on 1 of 2 nsqds"))
            try whole.onNode(node).pause(false)
        }
        #expect(try whole.onNode(name).status().address == "nsq://\(name)/t/c")
        #expect(try whole.onNode(name).purge() == 2)
        #expect(try whole.status()["messages"] == .number(2))
        try Self.admin("\(root)/t").onNode(name).delete()
        #expect(servers.map { $0.commands["HTTP /topic/tombstone"] } == [1, 1] && servers[0].depth(of: "t") == nil)
        #expect(try whole.status()["nsqds"] == nil && servers[1].depth(of: "t") != nil)
        #expect(code { _ = try whole.onNode("127.0.0.1:1") } == .noSuchQueue)
        #expect(code { _ = try whole.onNode("127.0.0.1") } == .usage)
    }

    @Test(arguments: NSQBrokerUnderTest.all) func whoIsConnectedIsShownWithFigures(_ broker: NSQBrokerUnderTest) throws {
        try broker.run { port, httpPort in
            let (root, options) = ("nsq://127.0.0.1:\(port)", ",http-port=\(httpPort)")
            let sender = try NSQTransport.at("\(root)/t,client-id=publisher").openSender(NSQ.opening())
            try NSQ.send([[1], [2], [3]], with: sender)
            try NSQ.flush(sender)
            let receiver = try NSQTransport.at("\(root)/t/c,client-id=consumer").openReceiver(NSQ.opening())
            #expect(try NSQ.receive(2, with: receiver).count == 2)
            _ = try NSQ.receive(1, with: receiver, within: .zero)
            let topic = try Self.admin("\(root)/t\(options)")
            var consumer: QueueStatus?
            #expect(
                try eventually {
                    consumer = try topic.clients().queues.first { $0["channel"] == .text("c") }
                    return if case .counter(2...)? = consumer?["finished"] { true } else { false }
                })
            #expect(consumer.map { "\($0["client"]!)".contains("consumer") } == true && consumer?["user_agent"] == .text("mq"))
            #expect(try topic.clients().queues.contains { $0["published"] == .counter(3) })
            let channel = try Self.admin("\(root)/t/c\(options)")
            #expect(try channel.clients().queues.count == 1)
            #expect(code { _ = try Self.admin("\(root)/t/none\(options)").clients() } == .noSuchQueue)
            try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        }
    }

    @Test func aHungNSQDIsUnreachable() throws {
        let server = try NSQStandIn()
        server.change { $0.isStopped = true }
        var opening = Opening(stop: StopFlag())
        opening.deadline = .after(.milliseconds(100))
        let admin = try NSQTransport.at("nsq://127.0.0.1:\(server.tcpPort)/t,http-port=\(server.httpPort)").openAdmin(opening)
        #expect(code { _ = try admin.status() } == .unreachable)
        server.change { $0.isStopped = false }
    }

    @Test func severalNSQDsAddUpAndEachIsShown() throws {
        let (one, other) = (try NSQStandIn(), try NSQStandIn())
        defer {
            one.stop()
            other.stop()
        }
        for (daemon, bodies) in [(one, [[1]]), (other, [[2], [3]])] as [(NSQStandIn, [[UInt8]])] {
            let admin = try Self.admin("nsq://127.0.0.1:\(daemon.tcpPort)/t/c,http-port=\(daemon.httpPort)")
            _ = try admin.create(exclusive: true)
            daemon.publish(bodies, to: "t")
        }
        let resolved = try AdminDaemons(
            daemons: [one, other].map { daemon in
                Daemon(
                    peer: .tcp(host: "127.0.0.1", port: daemon.tcpPort), http: .tcp(host: "127.0.0.1", port: daemon.httpPort))
            }, resolve: [], client: .init(), opening: Opening(stop: StopFlag()))
        let found = try resolved.statistics(topic: "t")
        #expect(found.map { $0.topics.first?.counts.received } == [1, 2])
        let sum = AdminStatistics.merged(found.map(\.topics))
        #expect(sum.first?.channel("c")?.messages == 3)
        #expect(sum.first?.counts.daemons == 2)
        #expect(try resolved.tell("/channel/pause?topic=t&channel=c") == 2)

        other.stop()
        let log = NoticeLog()
        var opening = Opening(stop: StopFlag())
        opening.notices = log.notices
        let half = try AdminDaemons(daemons: resolved.daemons, resolve: [], client: .init(), opening: opening)
        #expect(try half.statistics(topic: nil).count == 1)
        #expect(log.warnings.count == 1 && log.warnings[0].contains("\(other.httpPort)"))
        let error = #expect(throws: TransportError.self) { try half.tell("/channel/unpause?topic=t&channel=c") }
        #expect(error?.code == .unreachable && error?.message.hasSuffix("1 of 2 nsqds did so") == true)
    }

    @Test(
        .enabled(if: NSQDaemon.isAvailable && Certificates.openssl != nil, "there is no nsqd, or no openssl to make certificates with"))
    func anNSQDThatWantsTLSIsLookedAfterOverHTTPS() throws {
        let certificates = try Certificates.shared()
        let secure = try LoopbackSocket.freePort()
        let daemon = try NSQDaemon(arguments: [
            "-https-address=127.0.0.1:\(secure)", "-tls-cert=\(certificates.path("server.pem"))",
            "-tls-key=\(certificates.path("server.key"))",
            "-tls-required=tcp-https", "-tls-client-auth-policy=require-verify", "-tls-root-ca-file=\(certificates.path("ca.pem"))",
        ])
        let keys =
            "tls-ca=\(certificates.path("ca.pem")),tls-cert=\(certificates.path("client.pem")),tls-key=\(certificates.path("client.key"))"
        let address = "nsq://127.0.0.1:\(daemon.tcpPort)/t/c,https,http-port=\(secure)"
        let admin = try Self.admin("\(address),\(keys)")
        #expect(try admin.create(exclusive: true))
        #expect(try admin.status()["messages"] == .number(0))
        #expect(code { _ = try Self.admin(address).status() } == .permission)
        #expect(try Self.admin("\(address),\(keys),tls-name=localhost").status()["messages"] == .number(0))
        #expect(code { _ = try Self.admin("\(address),\(keys),tls-name=elsewhere.example").status() } == .permission)
    }

    @Test func nobodyThereIsUnreachableAndSomebodyElseIsNamed() throws {
        let free = try LoopbackSocket.freePort()
        #expect(code { _ = try Self.admin("nsq://127.0.0.1:1/t,http-port=\(free)").status() } == .unreachable)
        let standIn = try NSQStandIn()
        defer { standIn.stop() }
        // The TCP port answers HTTP with bytes of its own protocol.
        let error = #expect(throws: TransportError.self) { try Self.admin("nsq://127.0.0.1:1/t,http-port=\(standIn.tcpPort)").status() }
        #expect(error?.code == .protocolViolation || error?.code == .unreachable)
        #expect(code { _ = try Self.admin("nsq:t,unix=/tmp/nobody.sock").status() } == .usage)
        #expect(code { _ = try Self.admin("nsq://127.0.0.1:1").status() } == .usage)
    }

    @Test func aRaisedFlagEndsTheQuestion() throws {
        // Accepts and says nothing.
        let silent = try LoopbackSocket.listen()
        let delay = try shortest(enough: .milliseconds(50)) {
            let stop = StopFlag()
            let admin = try Self.admin("nsq://127.0.0.1:1/t,http-port=\(silent.localPort)", stop: stop)
            let raiser = Background {
                usleep(100_000)
                let raised = ContinuousClock.now
                stop.raise()
                return raised
            }
            #expect(code { _ = try admin.status() } == .tryAgain)
            let ended = ContinuousClock.now
            return ended - (try raiser.join())
        }
        #expect(delay < .milliseconds(50))
    }
}
