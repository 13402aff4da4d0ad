import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// Peers that mean no good, at an endpoint that others use meanwhile.
@Suite("ZMQ hostile peers", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQHostileTests {
    private let path = ZMQ.path()

    /// A receiver at `path` that takes as many messages as wanted, and what it said.
    private func receiving(_ count: Int, _ options: String = "") throws -> (Background<[[UInt8]]>, NoticeLog) {
        let (path, log) = (path, NoticeLog())
        let receiving = Background { try ZMQ.receive(count, from: "zmq:@ipc://\(path),engine=native\(options)", log: log).messages }
        _ = try log.endpoint()
        return (receiving, log)
    }

    private func expectService(_ receiving: Background<[[UInt8]]>) throws {
        try ZMQ.send([[1, 2, 3]], to: "zmq:ipc://\(path),engine=native")
        #expect(try receiving.join() == [[1, 2, 3]])
    }

    @Test("Connections that say nothing, or too little, are dropped in time, and others are served meanwhile")
    func silence() throws {
        let (receiving, _) = try receiving(2, ",handshake=300ms")
        let peers = try (0..<20).map { _ in try ZMTPPeer(connectingTo: path) }
        for (number, peer) in peers.enumerated() { peer.say(Array(ZMTPPeer.hello(as: "PUSH").prefix(number * 4))) }
        try ZMQ.send([[9]], to: "zmq:ipc://\(path),engine=native")
        for peer in peers { #expect(peer.isHungUpOn) }
        try ZMQ.send([[1]], to: "zmq:ipc://\(path),engine=native")
        #expect(try receiving.join() == [[9], [1]])
    }

    @Test("A connection may end in any state")
    func ends() throws {
        let (receiving, _) = try receiving(1)
        let all = ZMTPPeer.hello(as: "PUSH") + [4, 9, 4] + Array("PING".utf8) + [0, 0, 7, 7] + [0, 200, 1, 2]
        for count in all.indices {
            let peer = try ZMTPPeer(connectingTo: path)
            peer.say(Array(all[..<count]))
            if count % 2 == 0 { peer.hangUp() }
        }
        try expectService(receiving)
    }

    @Test(
        "What cannot be a message ends the connection",
        arguments: [
            [2, 0x40, 0, 0, 0, 0, 0, 0, 1], [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [8, 1, 1], [5, 1, 1], [4, 3, 9, 65, 66],
        ] as [[UInt8]])
    func nonsense(bytes: [UInt8]) throws {
        let (receiving, log) = try receiving(1, ",max-message=1GiB")
        let peer = try ZMTPPeer.greet(path, as: "PUSH")
        peer.say(bytes + [UInt8](repeating: 65, count: 1024))
        #expect(peer.isHungUpOn)
        try expectService(receiving)
        #expect(log.warnings.count == 1, "\(log.warnings)")
    }

    @Test("A message that never ends is cut off at its frames")
    func frames() throws {
        let (receiving, _) = try receiving(1)
        let peer = try ZMTPPeer.greet(path, as: "PUSH")
        let endless = Array(repeating: [1, 0] as [UInt8], count: 70_000).flatMap { $0 }
        peer.say(endless)
        #expect(peer.isHungUpOn)
        try expectService(receiving)
    }

    @Test("What a peer says of itself is shown harmless")
    func escapes() throws {
        let (receiving, log) = try receiving(1)
        let peer = try ZMTPPeer(connectingTo: path)
        peer.say(ZMTPPeer.hello(as: "PU\u{1b}[2J"))
        #expect(peer.isHungUpOn)
        try expectService(receiving)
        #expect(!log.all.contains { "\($0)".utf8.contains(0x1b) })
    }

    @Test("A subscriber that asks for everything there could be is refused")
    func subscriptions() throws {
        let sender = try ZMQ.transport("zmq:pub:@ipc://\(path),engine=native").openSender(ZMQ.opening())
        let peer = try ZMTPPeer.greet(path, as: "SUB")
        // Long ones, of which fewer are needed.
        for number in 0..<300 {
            let topic = [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] + [UInt8](repeating: 65, count: 60_000)
            peer.say([2] + withUnsafeBytes(of: UInt64(topic.count + 1).bigEndian) { Array($0) } + [1] + topic)
        }
        #expect(peer.isHungUpOn)
        _ = sender
    }

    @Test("So it is by an XPUB that shows what it asks for, as commands and as messages", arguments: [false, true])
    func shownSubscriptions(asCommands: Bool) throws {
        let receiver = try ZMQ.transport("zmq:xpub:@ipc://\(path)").openReceiver(ZMQ.opening())
        let flood = Background { [path] in
            let peer = try ZMTPPeer.greet(path, as: "SUB")
            let head = asCommands ? [9] + Array("SUBSCRIBE".utf8) : [1]
            for number in 0..<300 {
                let topic = [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] + [UInt8](repeating: 65, count: 60_000)
                let size = withUnsafeBytes(of: UInt64(head.count + topic.count).bigEndian) { Array($0) }
                peer.say([asCommands ? 6 : 2] + size + head + topic)
            }
            return peer.isHungUpOn
        }
        var subscriptions = 0, batch = Batch()
        var outcome = Outcome.received
        while outcome == .received || !flood.isDone {
            batch.removeAll()
            outcome = try receiver.receive(into: &batch, limit: 10, byteLimit: 1 << 16, until: .after(.milliseconds(20)), stop: StopFlag())
            for index in 0..<batch.count where batch.bytes(of: index).first == 1 { subscriptions += 1 }
        }
        #expect(try flood.join())
        // 16 MiB of topics, and the one that was too much; another where both came at once.
        let most = (16 << 20) / 60_002
        #expect((most + 1...most + 2).contains(subscriptions), "\(subscriptions)")
    }
}
