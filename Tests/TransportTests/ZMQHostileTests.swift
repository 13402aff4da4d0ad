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

    /// A libzmq sends its messages right behind its READY, and does not send them again over another connection.
    @Test("Nobody who has begun to speak is hung up on for hundreds that come after, and what it sent is read")
    func hundreds() throws {
        let (receiving, log) = try receiving(2)
        let hello = ZMTPPeer.hello(as: "PUSH")
        let slow = try ZMTPPeer(connectingTo: path)
        slow.say(Array(hello.prefix(64)))
        let silent = try (0..<600).map { _ in try ZMTPPeer(connectingTo: path) }
        let real = try ZMTPPeer(connectingTo: path)
        real.say(hello + [0, 1, 7])
        slow.say(Array(hello.dropFirst(64)) + [0, 1, 8])
        #expect(try Set(receiving.join()) == [[7], [8]])
        #expect(log.warnings.isEmpty, "\(log.warnings)")
        for peer in silent { peer.hangUp() }
    }

    @Test("A subscriber that wants more topics than can be kept hears why, and it is said once")
    func topics() throws {
        let log = NoticeLog()
        let path = path
        let sending = Background {
            try ZMQ.send([[1, 2, 3]], to: "zmq:pub:@ipc://\(path),engine=native,wait-peers=2", log: log)
        }
        _ = try log.endpoint()
        let many = (0...100_000).flatMap { number -> [UInt8] in
            [4, 13, 9] + Array("SUBSCRIBE".utf8) + (0..<3).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
        for _ in 0..<2 {
            let peer = try ZMTPPeer.greet(path, as: "SUB")
            peer.say(many)
            #expect(peer.isHungUpOn)
        }
        let others = (0..<2).map { _ in Background { try ZMQ.receive(1, from: "zmq:sub:ipc://\(path),engine=native").messages } }
        _ = try sending.join()
        for other in others { #expect(try other.join() == [[1, 2, 3]]) }
        #expect(log.warnings.count { $0.contains("subscribes to more than 100,000 topics or 16 MiB of them") } == 1, "\(log.warnings)")
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

    @Test("A peer that asks for ever and never reads is owed one answer, and others are served")
    func deafness() throws {
        let (receiving, _) = try receiving(1)
        let peer = try ZMTPPeer.greet(path, as: "PUSH")
        let ping: [UInt8] = [4, 7, 4] + Array("PING".utf8) + [0, 0]
        let pings = Array(repeating: ping, count: 1000).flatMap { $0 }
        for _ in 0..<100 { peer.say(pings) }
        try expectService(receiving)
    }

    @Test("What is announced takes no memory until it comes")
    func announcements() throws {
        let (receiving, _) = try receiving(1, ",max-message=1GiB")
        let before = Self.addressSpace
        let peers = try (0..<8).map { _ in try ZMTPPeer.greet(path, as: "PUSH") }
        for peer in peers { peer.say([2, 0, 0, 0, 0, 0x20, 0, 0, 0] + [UInt8](repeating: 65, count: 1024)) }
        try expectService(receiving)
        // Four gibibytes were announced; others in this process take some, too.
        #expect(Self.addressSpace - before < 1 << 30, "\(Self.addressSpace - before)")
    }

    /// In bytes.
    private static var addressSpace: Int {
        let pages = (try? contents(ofFile: "/proc/self/statm")).flatMap { $0.split(separator: " ").first.flatMap { Int($0) } }
        return (pages ?? 0) * Int(getpagesize())
    }

    private static func contents(ofFile path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    @Test("Without descriptors for more connections it waits without effort, and serves once there are some")
    func scarcity() throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        let path = "\(try fixture.directory())/s"
        let program = try Executable("/bin/sh").start([
            "-c", #"ulimit -n 40; exec "$0" recv "$1" -n 1"#, try Executable.mq().path, "zmq:@ipc://\(path)",
        ])
        var peers = try (0..<60).map { _ in try ZMTPPeer(connectingTo: path) }
        usleep(700_000)
        let stat = try Self.contents(ofFile: "/proc/\(program.process)/stat").split(separator: " ")
        // In hundredths of a second, user's and system's.
        let effort = try #require(Int(stat[13])) + #require(Int(stat[14]))
        #expect(effort < 30, "\(effort)")
        peers.removeAll()
        try ZMQ.send([[65, 66]], to: "zmq:ipc://\(path)")
        let result = try program.wait()
        #expect(result.status == 0 && result.text == "AB\n", "\(result.errorText)")
        #expect(result.errorText.contains("too many open files: connections to ipc://\(path) wait"), "\(result.errorText)")
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
