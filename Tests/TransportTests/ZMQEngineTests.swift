import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// The native engine with itself and with libzmq.
@Suite("ZMQ engines", .serialized, .ownThread, .timeLimit(.minutes(2)))
struct ZMQEngineTests {
    private static let pairs = [("native", "native"), ("native", "libzmq"), ("libzmq", "native")]

    /// A number of messages of random sizes, small ones mostly.
    private static func messages(_ count: Int, _ generator: inout SeededGenerator) -> [[UInt8]] {
        (0..<count).map { number in
            let size = number % 50 == 49 ? Int.random(in: 0...300_000, using: &generator) : Int.random(in: 0...600, using: &generator)
            return (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        }
    }

    /// Made once: that takes longer than to send them.
    private static let mixed = {
        var generator = SeededGenerator(seed: 7)
        return messages(500, &generator)
    }()

    @Test(
        "Every byte arrives in order, whichever engine is at either end, whoever binds", arguments: pairs,
        ["ipc", "abstract", "tcp", "tcp6"])
    func bytes(pair: (String, String), medium: String) throws {
        let messages = Self.mixed
        for senderBinds in [false, true] {
            let bound =
                switch medium {
                case "ipc": "ipc://\(ZMQ.path())"
                case "abstract": "ipc://@\(UniqueName.make())"
                case "tcp": "tcp://127.0.0.1:*"
                default: "tcp://[::1]:*"
                }
            let log = NoticeLog()
            if senderBinds {
                let sending = Background { try ZMQ.send(messages, to: "zmq:@\(bound),engine=\(pair.0)", log: log) }
                let got = try ZMQ.receive(messages.count, from: "zmq:\(try log.endpoint()),engine=\(pair.1)")
                #expect(got.messages == messages)
                #expect(try sending.join() == messages.count)
            } else {
                let receiving = Background { try ZMQ.receive(messages.count, from: "zmq:@\(bound),engine=\(pair.1)", log: log) }
                #expect(try ZMQ.send(messages, to: "zmq:\(try log.endpoint()),engine=\(pair.0)") == messages.count)
                #expect(try receiving.join().messages == messages)
            }
        }
    }

    @Test("Messages that grow and shrink on the way hold nobody up", arguments: pairs + [("libzmq", "libzmq")])
    func sizes(pair: (String, String)) throws {
        let messages = (0..<1204).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 301 == 300 ? 2 << 20 : 7) }
        let path = ZMQ.path()
        let receiving = Background { try ZMQ.receive(messages.count, from: "zmq:@ipc://\(path),engine=\(pair.1)") }
        #expect(try ZMQ.send(messages, to: "zmq:ipc://\(path),engine=\(pair.0)") == messages.count)
        #expect(try receiving.join().messages.map(\.count) == messages.map(\.count))
    }

    @Test("Publishers and subscribers, pairs and messages of many frames meet across engines", arguments: pairs)
    func types(pair: (String, String)) throws {
        for (sends, receives) in [("pub", "sub"), ("xpub", "xsub"), ("pub", "xsub"), ("pair", "pair")] {
            let path = ZMQ.path()
            let sending = Background {
                let stop = StopFlag()
                let sender = try ZMQ.transport("zmq:\(sends):@ipc://\(path),wait-peers=1,engine=\(pair.0)").openSender(ZMQ.opening(stop))
                var batch = Batch()
                for frames in [[3, 0, 2], Array(repeating: 1, count: 1000), [7]] {
                    batch.append([UInt8](repeating: 65, count: frames.reduce(0, +)))
                    var properties = MessageProperties()
                    properties.frames = frames
                    batch.setProperties(properties)
                }
                _ = try sender.send(batch, 0..<3, until: .after(.seconds(5)), stop: stop)
                try sender.flush(until: .after(.seconds(5)), stop: stop)
            }
            let stop = StopFlag()
            let receiver = try ZMQ.transport("zmq:\(receives):ipc://\(path),engine=\(pair.1)").openReceiver(ZMQ.opening(stop))
            var batch = Batch()
            batch.wantsProperties = true
            while batch.count < 3,
                try receiver.receive(into: &batch, limit: 3 - batch.count, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop)
                    == .received
            {}
            try receiver.close(until: .after(.seconds(1)), stop: stop)
            _ = try sending.join()
            #expect(
                (0..<batch.count).map { batch.properties(of: $0).frames ?? [batch.size(of: $0)] } == [
                    [3, 0, 2], Array(repeating: 1, count: 1000), [7],
                ])
        }
    }

    @Test("A sender that ends while a libzmq receiver sits at its mark loses nothing", arguments: [1, 10, 1000])
    func tail(mark: Int) throws {
        let messages = ZMQ.numbered(3000)
        for _ in 0..<5 {
            let path = ZMQ.path()
            let receiving = Background {
                try ZMQ.receive(messages.count, from: "zmq:@ipc://\(path),hwm=\(mark),engine=libzmq", within: .seconds(3), pause: 100)
            }
            #expect(try ZMQ.send(messages, to: "zmq:ipc://\(path),engine=native") == messages.count)
            #expect(try receiving.join().messages == messages)
        }
    }

    @Test("What one receiver did not ask for goes to the next: none lost, none twice", arguments: ["ipc", "tcp"])
    func exact(medium: String) throws {
        let bound = medium == "ipc" ? "ipc://\(ZMQ.path())" : "tcp://127.0.0.1:*"
        let log = NoticeLog()
        let messages = ZMQ.numbered(20_000)
        let sending = Background { try ZMQ.send(messages, to: "zmq:@\(bound),engine=native", log: log) }
        let endpoint = try log.endpoint()
        var got: [[UInt8]] = []
        for count in [1, 2, 777, 5000, messages.count - 5780] {
            got += try ZMQ.receive(count, from: "zmq:\(endpoint),engine=native").messages
        }
        // Told by numbers: the messages themselves fill a screen.
        let places = got.map { Int(String(decoding: $0.prefix { $0 != 0x20 }, as: UTF8.self)) ?? -1 }
        let wrong = places.indices.first { places[$0] != $0 }
        let isSame = got == messages
        #expect(isSame, "\(got.count) came; at \(wrong ?? got.count): \(places.dropFirst(wrong ?? got.count).prefix(9))")
        #expect(try sending.join() == messages.count)
    }

    @Test("confirmed follows the receiver, and stops where one left without a word")
    func confirmation() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path),engine=native").openReceiver(ZMQ.opening(stop))
        let sender = try ZMQ.transport("zmq:ipc://\(path),engine=native").openSender(ZMQ.opening(stop))
        var batch = Batch()
        var taken = Batch()
        for message in ZMQ.numbered(100) { batch.append(message) }
        #expect(try sender.send(batch, 0..<100, until: .after(.seconds(5)), stop: stop) == 100)
        #expect(sender.confirmed == 0)
        while taken.count < 100 {
            #expect(try receiver.receive(into: &taken, limit: 100, byteLimit: 1 << 20, until: .after(.seconds(5)), stop: stop) == .received)
        }
        // Both attendants see to that while nobody calls.
        #expect(eventually { sender.confirmed == 100 })
        try sender.flush(until: .after(.seconds(5)), stop: stop)
        #expect(sender.confirmed == 100)
    }

    @Test("With resend, what a lost peer may not have read reaches the next")
    func resend() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let sender = try ZMQ.transport("zmq:@ipc://\(path),resend,engine=native").openSender(ZMQ.opening(stop))
        var batch = Batch()
        for message in ZMQ.numbered(50) { batch.append(message) }
        // Speaks the protocol, reads nothing behind it and hangs up.
        let silent = Background { try ZMTPPeer.greet(path, as: "PULL") }
        #expect(try sender.send(batch, 0..<50, until: .after(.seconds(5)), stop: stop) == 50)
        try silent.join().hangUp()
        let receiving = Background { try ZMQ.receive(50, from: "zmq:ipc://\(path),engine=native") }
        try sender.flush(until: .after(.seconds(5)), stop: stop)
        #expect(try receiving.join().messages == ZMQ.numbered(50))
    }

    @Test("A peer of ZMTP 3.0 is sent messages and nothing else", arguments: ["", ",heartbeat=20ms"])
    func older(options: String) throws {
        let path = ZMQ.path()
        let hearing = Background {
            let peer = try ZMTPPeer(connectingTo: path)
            peer.say(ZMTPPeer.hello(as: "PULL", minor: 0))
            let head = peer.hear(66, atMost: 66)
            _ = peer.hear(Int(try #require(head.last)), atMost: Int(try #require(head.last)))
            return peer.hear(.max)
        }
        let sender = try ZMQ.transport("zmq:@ipc://\(path),engine=native\(options)").openSender(ZMQ.opening())
        var batch = Batch()
        for byte in 1...3 as ClosedRange<UInt8> { batch.append([byte]) }
        #expect(try sender.send(batch, 0..<2, until: .after(.seconds(5)), stop: StopFlag()) == 2)
        usleep(120_000)
        #expect(try sender.send(batch, 2..<3, until: .after(.seconds(5)), stop: StopFlag()) == 1)
        try sender.flush(until: .after(.seconds(5)), stop: StopFlag())
        #expect(sender.confirmed == 3)
        #expect(try hearing.join() == [0, 1, 1, 0, 1, 2, 0, 1, 3])
    }

    @Test("What a receiver says that it kept is known to have arrived, though nobody takes the rest")
    func kept() throws {
        let path = ZMQ.path()
        let sender = try ZMQ.transport("zmq:@ipc://\(path),engine=native").openSender(ZMQ.opening())
        var batch = Batch()
        for message in ZMQ.numbered(100) { batch.append(message) }
        let receiving = Background { try ZMQ.receive(7, from: "zmq:ipc://\(path),engine=native") }
        #expect(try sender.send(batch, 0..<100, until: .after(.seconds(5)), stop: StopFlag()) == 100)
        #expect(try receiving.join().messages.count == 7)
        #expect(eventually { sender.confirmed == 7 }, "\(sender.confirmed)")
        #expect(ZMQ.error { try sender.flush(until: .after(.milliseconds(50)), stop: StopFlag()) }?.code == .tryAgain)
        #expect(sender.confirmed == 7)
    }

    @Test("Without resend, what a lost peer may not have read is said and not repeated")
    func doubt() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let sender = try ZMQ.transport("zmq:@ipc://\(path),engine=native").openSender(ZMQ.opening(stop))
        var batch = Batch()
        for message in ZMQ.numbered(50) { batch.append(message) }
        let silent = Background { try ZMTPPeer.greet(path, as: "PULL") }
        #expect(try sender.send(batch, 0..<50, until: .after(.seconds(5)), stop: stop) == 50)
        try silent.join().hangUp()
        let error = ZMQ.error { try sender.flush(until: .after(.seconds(5)), stop: stop) }
        #expect(error?.code == .unreachable && error?.message.contains("50 messages may be lost") == true, "\(String(describing: error))")
        #expect(sender.confirmed == 0)
    }

    @Test("What needs libzmq has it, and says so; what excludes each other is a usage error")
    func choice() throws {
        for (address, reason) in [
            ("zmq:ipc:///tmp/x,conflate", "option conflate"), ("zmq:tcp://127.0.0.1;127.0.0.1:1", "the source address"),
        ] {
            let log = NoticeLog()
            _ = try ZMQ.transport(address).openSender(ZMQ.opening(StopFlag(), log))
            #expect(log.all.contains { if case .detail(let text) = $0 { text.contains("engine libzmq: \(reason)") } else { false } })
            #expect(ZMQ.error { _ = try ZMQ.transport(address + ",engine=native").openSender(ZMQ.opening()) }?.code == .usage)
        }
        #expect(ZMQ.error { _ = try ZMQ.transport("zmq:ipc:///tmp/x,resend,engine=libzmq").openSender(ZMQ.opening()) }?.code == .usage)
    }

    @Test("An end that is blocked elsewhere still shakes hands and answers")
    func attendance() throws {
        let path = ZMQ.path()
        // A sender that is never called, and a receiver of libzmq that drops whoever does not answer within 300 ms.
        let sender = try ZMQ.transport("zmq:@ipc://\(path),engine=native").openSender(ZMQ.opening())
        let log = NoticeLog()
        let result = try ZMQ.receive(
            1, from: "zmq:ipc://\(path),engine=libzmq,heartbeat=100ms,heartbeat-timeout=300ms", within: .seconds(1), log: log)
        #expect(result.outcome == .deadlinePassed)
        let connections = log.events.count { $0.kind == .connected && $0.sentence.hasPrefix("connected with") }
        #expect(connections == 1, "\(log.all)")
        _ = sender
    }
}
