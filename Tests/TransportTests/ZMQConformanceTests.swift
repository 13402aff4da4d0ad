import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// What both engines owe their peers, beside what the other suites ask of them. MQ_TEST_RELIABILITY=100000 makes the long ones long.
@Suite("ZMQ conformance", .serialized, .ownThread, .timeLimit(.minutes(10)))
struct ZMQConformanceTests {
    private static let engines = ["native", "libzmq"]
    private static let pairs = [("native", "native"), ("native", "libzmq"), ("libzmq", "native")]
    /// How many messages are asked for; `nil` is as few as a test of every change can have.
    static let wanted = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) }

    /// Messages of random sizes, which come again and again.
    private static let mixed: [[UInt8]] = {
        var generator = SeededGenerator(seed: 16)
        return (0..<500).map { number in
            let most = number % 50 == 49 ? 300_000 : 600
            return (0..<Int.random(in: 0...most, using: &generator)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        }
    }()

    /// Sends `mixed` over and over and awaits the end of it.
    private static func send(_ count: Int, to address: String, _ log: NoticeLog) throws {
        let stop = StopFlag()
        let sender = try ZMQ.transport(address).openSender(ZMQ.opening(stop, log))
        var batch = Batch()
        for message in mixed { batch.append(message) }
        var sent = 0
        while sent < count {
            let range = sent % mixed.count..<min(mixed.count, sent % mixed.count + count - sent)
            let accepted = try sender.send(batch, range, until: .after(.seconds(20)), stop: stop)
            try #require(accepted > 0, "\(sender.obstacle)")
            sent += accepted
        }
        try sender.flush(until: .after(.seconds(20)), stop: stop)
    }

    /// Takes what `send` sends.
    /// - Returns: the number of the first that is another, or `count`.
    private static func receive(_ count: Int, from address: String, _ log: NoticeLog) throws -> Int {
        let receiver = try ZMQ.transport(address).openReceiver(ZMQ.opening(StopFlag(), log))
        var batch = Batch()
        var taken = 0
        while taken < count {
            batch.removeAll()
            let outcome = try receiver.receive(
                into: &batch, limit: count - taken, byteLimit: 1 << 18, until: .after(.seconds(20)), stop: StopFlag())
            guard outcome == .received else { return taken }
            for index in 0..<batch.count {
                let isSame = mixed[taken % mixed.count].withUnsafeBytes { wanted in
                    let body = batch.bytes(of: index)
                    return body.count == wanted.count && (body.isEmpty || memcmp(body.baseAddress!, wanted.baseAddress!, body.count) == 0)
                }
                guard isSame else { return taken }
                taken += 1
            }
        }
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        return taken
    }

    @Test(
        "Every pair of types carries any sizes in order, whichever engine is at either end, whoever binds", arguments: pairs,
        [("push", "pull"), ("pub", "sub"), ("xpub", "xsub"), ("pair", "pair"), ("dealer", "dealer")])
    func types(engines: (String, String), types: (String, String)) throws {
        let count = min(100_000, Self.wanted ?? 500)
        for senderBinds in [true, false] {
            let log = NoticeLog()
            let bound = senderBinds ? "@tcp://127.0.0.1:*" : "@ipc://\(ZMQ.path())"
            let (sends, receives) = ("zmq:\(types.0):", "zmq:\(types.1):")
            let options = (",engine=\(engines.0),wait-peers=1", ",engine=\(engines.1)")
            if senderBinds {
                let sending = Background { try Self.send(count, to: sends + bound + options.0, log) }
                #expect(try Self.receive(count, from: receives + log.endpoint() + options.1, NoticeLog()) == count)
                try sending.join()
            } else {
                let receiving = Background { try Self.receive(count, from: receives + bound + options.1, log) }
                try Self.send(count, to: sends + log.endpoint() + options.0, NoticeLog())
                #expect(try receiving.join() == count)
            }
        }
    }

    @Test("A sender that ends while a receiver sits at its mark loses nothing, run after run", arguments: pairs, [1, 10, 1000])
    func tails(engines: (String, String), mark: Int) throws {
        // Of two libzmq only tcp keeps the tail.
        for run in 0..<(Self.wanted == nil ? 2 : 100) {
            let (log, messages) = (NoticeLog(), ZMQ.numbered(2000))
            let bound = run % 2 == 0 ? "ipc://\(ZMQ.path())" : "tcp://127.0.0.1:*"
            // A libzmq that is closed with the last message may not have answered the PING behind it, and over tcp nothing else tells.
            let stays = run % 2 == 1 && engines.1 == "libzmq"
            let receiving = Background {
                try ZMQ.receive(
                    messages.count + (stays ? 1 : 0), from: "zmq:@\(bound),hwm=\(mark),engine=\(engines.1)", within: .seconds(5),
                    thenWithin: .milliseconds(300), log: log, pause: 50)
            }
            try ZMQ.send(messages, to: "zmq:\(try log.endpoint()),engine=\(engines.0)")
            #expect(try receiving.join().messages == messages)
        }
    }

    @Test("Bytes may come one at a time or by the mebibyte")
    func pieces() throws {
        let path = ZMQ.path()
        let few = (0..<40).map { [UInt8](repeating: UInt8($0), count: $0 * 8) }
        let many = (0..<4000).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 500) }
        let receiving = Background { try ZMQ.receive(few.count + many.count, from: "zmq:@ipc://\(path),engine=native") }
        func frames(_ messages: [[UInt8]]) -> [UInt8] {
            messages.flatMap { body in
                body.count < 256
                    ? [0, UInt8(body.count)] + body : [2] + withUnsafeBytes(of: UInt64(body.count).bigEndian) { Array($0) } + body
            }
        }
        let peer = try ZMTPPeer(connectingTo: path)
        for byte in ZMTPPeer.hello(as: "PUSH") { peer.say([byte]) }
        _ = peer.hear(66)
        for byte in frames(few) { peer.say([byte]) }
        peer.say(frames(many))
        #expect(try receiving.join().messages == few + many)
    }

    private static let ends: [(type: String, sends: Bool)] = [
        ("push", true), ("pull", false), ("pub", true), ("sub", false), ("xpub", true), ("xsub", false), ("pair", true), ("dealer", true),
        ("router", true),
    ]

    /// Opens an end and keeps it.
    private static func open(_ end: (type: String, sends: Bool), _ place: String, _ log: NoticeLog) throws -> AnyObject {
        let transport = try ZMQ.transport("zmq:\(end.type):\(place)")
        return end.sends ? try transport.openSender(ZMQ.opening(StopFlag(), log)) : try transport.openReceiver(ZMQ.opening(StopFlag(), log))
    }

    @Test("Types that do not go together are one warning where one connects, and no loop", arguments: pairs)
    func mismatches(engines: (String, String)) throws {
        var ends: [AnyObject] = []
        var attempts: [(dialing: NoticeLog, bound: NoticeLog, words: String)] = []
        // A socket of libzmq has threads of its own: some of them stand for all.
        for bound in Self.ends where engines == ("native", "native") || ["push", "sub", "dealer"].contains(bound.type) {
            let type = try #require(SocketType(rawValue: bound.type))
            for other in Self.ends where !(try #require(SocketType(rawValue: other.type))).canMeet(type.rawValue.uppercased()) {
                let (path, logs) = (ZMQ.path(), (NoticeLog(), NoticeLog()))
                ends.append(try Self.open(bound, "@ipc://\(path),engine=\(engines.0)", logs.1))
                ends.append(try Self.open(other, "ipc://\(path),engine=\(engines.1)", logs.0))
                attempts.append((logs.0, logs.1, "\(other.type) at \(bound.type)"))
            }
        }
        // libzmq's monitor is read by calls.
        func look() {
            for end in ends {
                var batch = Batch()
                if let sender = end as? any Sender {
                    batch.append([1])
                    _ = try? sender.send(batch, 0..<1, until: .after(.microseconds(100)), stop: StopFlag())
                }
                if let receiver = end as? any Receiver {
                    _ = try? receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.microseconds(100)), stop: StopFlag())
                }
            }
        }
        func all(_ condition: (NoticeLog) -> Bool) -> Bool {
            look()
            return attempts.allSatisfy { condition($0.dialing) }
        }
        #expect(eventually { all { $0.events.contains { $0.kind == .failed } } })
        usleep(400_000)
        look()
        for attempt in attempts {
            let failures = attempt.dialing.events.filter { $0.kind == .failed }
            #expect(failures.count == 1 && failures[0].isWarning, "\(attempt.words): \(failures.count)")
            // It is looked at once more, to see what it is.
            #expect(attempt.bound.events.count { $0.kind == .failed } <= 3, "\(attempt.words): \(attempt.bound.events.map(\.sentence))")
        }
        ends.removeAll()
    }

    @Test("A peer that does not answer heartbeats is dropped in time", arguments: engines)
    func heartbeats(engine: String) throws {
        let path = ZMQ.path()
        let receiving = Background {
            try ZMQ.receive(1, from: "zmq:@ipc://\(path),engine=\(engine),heartbeat=100ms,heartbeat-timeout=200ms", within: .seconds(4))
        }
        let peer = try ZMTPPeer.greet(path, as: "PUSH")
        let start = ContinuousClock.now
        #expect(peer.isHungUpOn)
        #expect(ContinuousClock.now - start < .seconds(2))
        try ZMQ.send([[1]], to: "zmq:ipc://\(path)")
        #expect(try receiving.join().messages == [[1]])
    }

    @Test("Topics of any length are subscribed to once each, whichever form they take on the way", arguments: pairs)
    func topics(engines: (String, String)) throws {
        let path = ZMQ.path()
        // libzmq 4.3.4 says those of 246 to 255 bytes in a frame that nobody understands, itself included.
        let sizes = [1, 2, 245] + (engines.1 == "libzmq" ? [] : [246, 247, 254, 255]) + [256, 300]
        let topics = sizes.map { String(repeating: "t", count: $0 - 1) + "\($0 % 10)" }
        // The last is twice there.
        let (last, options) = (topics[topics.count - 1], (topics + [topics[topics.count - 1]]).map { ",subscribe=\($0)" }.joined())
        let publisher = try ZMQ.transport("zmq:pub:@ipc://\(path),wait-peers=1,engine=\(engines.0)").openSender(ZMQ.opening())
        let receiving = Background { try ZMQ.receive(topics.count + 1, from: "zmq:sub:ipc://\(path)\(options),engine=\(engines.1)") }
        var batch = Batch()
        batch.append(Array((last + "!").utf8))
        for topic in topics {
            batch.append([64] + Array(topic.utf8))
            batch.append(Array(topic.utf8))
        }
        // The first subscription may be there before the last.
        try #require(try publisher.send(batch, 0..<1, until: .after(.seconds(5)), stop: StopFlag()) == 1, "\(publisher.obstacle)")
        usleep(100_000)
        #expect(try publisher.send(batch, 1..<batch.count, until: .after(.seconds(5)), stop: StopFlag()) == batch.count - 1)
        try publisher.flush(until: .after(.seconds(5)), stop: StopFlag())
        let got = try receiving.join().messages.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.hasSuffix("!") }
        #expect(got == topics, "\(got.map(\.count))")
    }

    @Test("A PAIR speaks with one peer, and with the next once that has gone")
    func pair() throws {
        let path = ZMQ.path()
        let receiver = try ZMQ.transport("zmq:pair:@ipc://\(path),engine=native").openReceiver(ZMQ.opening())
        let first = try ZMTPPeer.greet(path, as: "PAIR")
        let second = try ZMTPPeer(connectingTo: path)
        second.say(ZMTPPeer.hello(as: "PAIR") + [0, 1, 2])
        first.say([0, 1, 1])
        var batch = Batch()
        func take(_ limit: Duration) throws -> Outcome {
            try receiver.receive(into: &batch, limit: 1, byteLimit: 9, until: .after(limit), stop: StopFlag())
        }
        #expect(try take(.seconds(5)) == .received)
        #expect(try take(.milliseconds(100)) == .deadlinePassed)
        first.hangUp()
        #expect(try take(.seconds(5)) == .received)
        #expect((0..<batch.count).map { Array(batch.bytes(of: $0)) } == [[1], [2]])
    }

    @Test("Of the peers that are waited for, one that leaves meanwhile does not count")
    func awaited() throws {
        let path = ZMQ.path()
        let sender = try ZMQ.transport("zmq:@ipc://\(path),wait-peers=3,engine=native").openSender(ZMQ.opening())
        var batch = Batch()
        batch.append([1])
        func goes(_ limit: Duration) throws -> Bool {
            try sender.send(batch, 0..<1, until: .after(limit), stop: StopFlag()) == 1
        }
        var peers = try (0..<2).map { _ in try ZMTPPeer.greet(path, as: "PULL") }
        peers[0].hangUp()
        #expect(eventually { sender.obstacle.message == "1 of 3 peers came" }, "\(sender.obstacle)")
        peers.append(try ZMTPPeer.greet(path, as: "PULL"))
        #expect(try !goes(.milliseconds(100)))
        #expect(sender.obstacle.message == "2 of 3 peers came")
        peers.append(try ZMTPPeer.greet(path, as: "PULL"))
        #expect(try goes(.seconds(5)))
    }

    @Test("--until-closed has everything of those who ended, and ends though one is cut off in a message", arguments: engines)
    func lastSender(engine: String) throws {
        let path = ZMQ.path()
        let receiving = Background {
            try ZMQ.receive(.max, from: "zmq:@ipc://\(path),engine=\(engine)", within: .seconds(20), untilClosed: true)
        }
        let killed = try ZMTPPeer.greet(path, as: "PUSH")
        killed.say([0, 1, 7])
        let senders = (0..<2).map { _ in Background { try ZMQ.send(ZMQ.numbered(3000), to: "zmq:ipc://\(path)") } }
        for sender in senders { #expect(try sender.join() == 3000) }
        killed.say([0, 200, 1, 2])
        killed.hangUp()
        let got = try receiving.join()
        #expect(got.outcome == .ended && got.messages.count == 6001, "\(got.outcome) \(got.messages.count)")
    }

    @Test("Two receivers get every other message; one that stands still holds up what it was given and no more")
    func turns() throws {
        for stands in [false, true] {
            let paths = [ZMQ.path(), ZMQ.path()]
            // Who is at its mark misses its turn.
            let (size, mark) = stands ? (10_000, 10) : (10, 1000)
            let receivers = try paths.map {
                try ZMQ.transport("zmq:@ipc://\($0),hwm=\(mark),engine=native")
                    .openReceiver(ZMQ.opening(StopFlag(), nil, untilClosed: true))
            }
            let sending = Background {
                try ZMQ.send(
                    ZMQ.numbered(1000, size: size), to: "zmq:ipc://\(paths[0]),ipc://\(paths[1]),wait-peers=2,hwm=\(mark),engine=native")
            }
            var counts = [0, 0]
            func take(_ index: Int, _ limit: Duration) throws -> Outcome {
                var batch = Batch()
                let outcome = try receivers[index].receive(
                    into: &batch, limit: 1000, byteLimit: 1 << 20, until: .after(limit), stop: StopFlag())
                counts[index] += batch.count
                return outcome
            }
            if stands { while try take(0, .seconds(1)) == .received {} }
            #expect(!stands || counts[0] > 900, "\(counts)")
            let limit = Deadline.after(.seconds(20))
            while counts[0] + counts[1] < 1000 && !limit.hasPassed {
                let outcomes = (try take(0, .milliseconds(10)), try take(1, .milliseconds(10)))
                if outcomes.0 == .ended && outcomes.1 == .ended { break }
            }
            #expect(stands ? counts[0] + counts[1] == 1000 : counts == [500, 500], "\(counts)")
            #expect(try sending.join() == 1000)
        }
    }
}
