import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// DEALER, ROUTER, XPUB and XSUB as ends of a stream, by both engines.
@Suite("ZMQ frames", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQFramesTests {
    private static let pairs = [("native", "native"), ("native", "libzmq"), ("libzmq", "native"), ("libzmq", "libzmq")]
    private static let patience = Duration.seconds(5)

    private func batch(_ messages: [[String]]) -> Batch {
        var batch = Batch()
        for frames in messages {
            batch.append(frames.joined().utf8)
            var properties = MessageProperties()
            properties.frames = frames.count > 1 ? frames.map(\.utf8.count) : nil
            batch.setProperties(properties)
        }
        return batch
    }

    private func sender(_ address: String) throws -> any Sender { try ZMQ.transport(address).openSender(ZMQ.opening()) }
    private func receiver(_ address: String, _ log: NoticeLog? = nil) throws -> any Receiver {
        try ZMQ.transport(address).openReceiver(ZMQ.opening(StopFlag(), log))
    }

    /// Hands messages over, as often as it takes.
    private func send(_ messages: [[String]], by sender: any Sender) throws -> Int {
        let batch = batch(messages), deadline = Deadline.after(Self.patience)
        var next = 0
        while next < batch.count && !deadline.hasPassed {
            next += try sender.send(batch, next..<batch.count, until: .after(.milliseconds(50)), stop: StopFlag())
        }
        return next
    }

    /// So many messages, as their frames, and what is said of each.
    private func take(
        _ count: Int, from receiver: any Receiver, within patience: Duration = Self.patience
    ) throws -> (frames: [[[UInt8]]], events: [String?]) {
        var batch = Batch()
        batch.wantsProperties = true
        while batch.count < count,
            try receiver.receive(
                into: &batch, limit: count - batch.count, byteLimit: 1 << 20, until: .after(patience), stop: StopFlag())
                == .received
        {}
        var (messages, events) = ([[[UInt8]]](), [String?]())
        for index in 0..<batch.count {
            let properties = batch.properties(of: index)
            var (frames, place) = ([[UInt8]](), 0)
            for size in properties.frames ?? [batch.size(of: index)] {
                frames.append(Array(batch.bytes(of: index)[place..<place + size]))
                place += size
            }
            messages.append(frames)
            events.append(properties.attributes.first { $0.name == "event" }.map { String(decoding: $0.value, as: UTF8.self) })
        }
        return (messages, events)
    }

    private func texts(_ frames: [[[UInt8]]]) -> [[String]] { frames.map { $0.map { String(decoding: $0, as: UTF8.self) } } }

    @Test("A router shows who sent, by the name that the sender gave itself or by a number", arguments: pairs)
    func dealerToRouter(pair: (String, String)) throws {
        let log = NoticeLog()
        let router = try receiver("zmq:router:@tcp://127.0.0.1:*,engine=\(pair.1)", log)
        let endpoint = try log.endpoint()
        for size in [0, 256] {
            let name = String(repeating: "x", count: size)
            #expect(ZMQ.error { _ = try sender("zmq:dealer:\(endpoint),identity=\(name),engine=\(pair.0)") }?.code == .usage)
        }
        let named = try sender("zmq:dealer:\(endpoint),identity=worker1,engine=\(pair.0)")
        let large = String(repeating: "x", count: 100_000)
        #expect(try send([["plain"], ["", "delimited"], ["a", "", "b"], [""], [large]], by: named) == 5)
        let seen = try take(5, from: router)
        #expect(
            texts(seen.frames) == [
                ["worker1", "plain"], ["worker1", "", "delimited"], ["worker1", "a", "", "b"], ["worker1", ""], ["worker1", large],
            ])
        #expect(seen.events == [nil, nil, nil, nil, nil])
        let nameless = try sender("zmq:dealer:\(endpoint),engine=\(pair.0)")
        #expect(try send([["who"]], by: nameless) == 1)
        let other = try take(1, from: router).frames
        #expect(other.count == 1 && other[0].count == 2 && other[0][0].count == 5 && other[0][0][0] == 0)
        #expect(other[0][1] == Array("who".utf8))
        try router.close(until: .after(.seconds(1)), stop: StopFlag())
    }

    @Test("A router's messages go to the peer that they name", arguments: pairs)
    func routerToDealer(pair: (String, String)) throws {
        let path = ZMQ.path()
        let router = try sender("zmq:router:@ipc://\(path),wait-peers=2,engine=\(pair.0)")
        let one = try receiver("zmq:dealer:ipc://\(path),identity=one,engine=\(pair.1)")
        let two = try receiver("zmq:dealer:ipc://\(path),identity=two,engine=\(pair.1)")
        #expect(try send([["two", "a"], ["one", "", "b"], ["one", "c"]], by: router) == 3)
        #expect(texts(try take(2, from: one).frames) == [["", "b"], ["c"]])
        #expect(texts(try take(1, from: two).frames) == [["a"]])
        #expect(router.takeRejections().isEmpty)
        for receiver in [one, two] { try receiver.close(until: .after(.seconds(1)), stop: StopFlag()) }
    }

    @Test("Messages for a peer that is not there are refused by its name, once it was waited for", arguments: ["native", "libzmq"])
    func missing(engine: String) throws {
        let path = ZMQ.path()
        let router = try sender("zmq:router:@ipc://\(path),engine=\(engine)")
        let one = try receiver("zmq:dealer:ipc://\(path),identity=one")
        let start = Deadline.now()
        #expect(try send([["one", "a"], ["nobody", "lost"], ["one", "b"], ["nobody", "lost, too"], ["one", "c"]], by: router) == 5)
        #expect(Deadline.now() - start < 2_000_000_000)
        let rejections = router.takeRejections()
        #expect(rejections.map(\.position) == [1, 3])
        #expect(rejections.allSatisfy { $0.error.code == .unreachable && $0.error.message.contains("'nobody'") })
        #expect(texts(try take(3, from: one).frames) == [["a"], ["b"], ["c"]])
        #expect(router.takeRejections().isEmpty)
    }

    @Test("A message waits a moment for the peer that it names", arguments: ["native", "libzmq"])
    func late(engine: String) throws {
        let path = ZMQ.path()
        let router = try sender("zmq:router:@ipc://\(path),engine=\(engine)")
        let early = try receiver("zmq:dealer:ipc://\(path),identity=early")
        #expect(try send([["early", "1"]], by: router) == 1)
        let coming = batch([["late", "2"]])
        #expect(try router.send(coming, 0..<1, until: .after(.milliseconds(20)), stop: StopFlag()) == 0)
        #expect(router.obstacle.code == .unreachable && router.obstacle.message.contains("'late'"))
        let late = try receiver("zmq:dealer:ipc://\(path),identity=late")
        #expect(try send([["late", "2"]], by: router) == 1)
        #expect(router.takeRejections().isEmpty)
        #expect(texts(try take(1, from: late).frames) == [["2"]])
        #expect(texts(try take(1, from: early).frames) == [["1"]])
    }

    @Test("A router's message without a peer's name is refused before it is sent")
    func nameless() throws {
        let router = try sender("zmq:router:@ipc://\(ZMQ.path())")
        for frames in [["body"], ["", "body"]] {
            let messages = batch([["x", "y"], frames])
            let refusal = router.refusal(in: messages, 0..<2), none = router.refusal(in: messages, 0..<1)
            #expect(refusal?.index == 1 && refusal?.error.code == .unsendable && none == nil)
        }
    }

    @Test("Messages for a peer that has gone are counted, and nobody else gets them")
    func gone() throws {
        let path = ZMQ.path()
        let router = try sender("zmq:router:@ipc://\(path),wait-peers=2")
        let stays = try receiver("zmq:dealer:ipc://\(path),identity=stays")
        let meeting = Background { try ZMTPPeer.greet(path, as: "DEALER", identity: "goes", exactly: true) }
        #expect(try send([["stays", "a"], ["goes", "b"], ["goes", "c"]], by: router) == 3)
        let peer = try meeting.join()
        // Not closed: what it has not read is there to be counted.
        peer.hangUp()
        let error = try #require(ZMQ.error { try router.flush(until: .after(.seconds(2)), stop: StopFlag()) })
        #expect(error.code == .unreachable && error.message.contains("2 messages may be lost"), "\(error.message)")
        withExtendedLifetime(peer) {}
        #expect(texts(try take(2, from: stays, within: .milliseconds(100)).frames) == [["a"]])
    }

    @Test("Of two peers with one name the second is not heard until the first has gone")
    func twins() throws {
        let log = NoticeLog(), path = ZMQ.path()
        let router = try receiver("zmq:router:@ipc://\(path)", log)
        let first = try sender("zmq:dealer:ipc://\(path),identity=twin")
        #expect(try send([["1"]], by: first) == 1)
        #expect(texts(try take(1, from: router).frames) == [["twin", "1"]])
        let second = try sender("zmq:dealer:ipc://\(path),identity=twin,resend,wait-peers=0")
        #expect(try send([["2"]], by: second) == 1)
        #expect(try take(1, from: router, within: .milliseconds(250)).frames.isEmpty)
        #expect(log.warnings.count == 1 && log.warnings[0].contains("'twin'"), "\(log.warnings)")
        try first.flush(until: .after(Self.patience), stop: StopFlag())
        #expect(texts(try take(1, from: router).frames) == [["twin", "2"]])
    }

    @Test("An XPUB that is read shows who subscribes, ends it and goes", arguments: pairs)
    func subscriptions(pair: (String, String)) throws {
        let path = ZMQ.path()
        let publisher = try receiver("zmq:xpub:@ipc://\(path),engine=\(pair.0)")
        var subscriber: (any Receiver)? = try receiver("zmq:sub:ipc://\(path),subscribe=weather.,subscribe=news,engine=\(pair.1)")
        let begun = try take(2, from: publisher)
        #expect(Set(texts(begun.frames).joined()) == ["\u{1}weather.", "\u{1}news"])
        #expect(begun.events == ["subscribe", "subscribe"])
        // The same again from another, who stays.
        let second = try receiver("zmq:sub:ipc://\(path),subscribe=news,engine=\(pair.1)")
        #expect(texts(try take(1, from: publisher).frames) == [["\u{1}news"]])
        try subscriber?.close(until: .after(.seconds(1)), stop: StopFlag())
        subscriber = nil
        let ended = try take(2, from: publisher)
        #expect(Set(texts(ended.frames).joined()) == ["\0weather.", "\0news"])
        #expect(ended.events == ["cancel", "cancel"])
        try second.close(until: .after(.seconds(1)), stop: StopFlag())
    }

    @Test("What an XSUB sends reaches every publisher: subscriptions and messages, in order", arguments: pairs)
    func upstream(pair: (String, String)) throws {
        let paths = [ZMQ.path(), ZMQ.path()]
        let publishers = try paths.map { try receiver("zmq:xpub:@ipc://\($0),engine=\(pair.1)") }
        let both = paths.map { "ipc://\($0)" }.joined(separator: ",")
        let subscriber = try sender("zmq:xsub:\(both),wait-peers=2,engine=\(pair.0)")
        let messages = [["\u{1}topic"], ["hello", "there"], ["\0topic"], ["plain"]]
        #expect(try send(messages, by: subscriber) == 4)
        for publisher in publishers {
            let seen = try take(4, from: publisher)
            #expect(texts(seen.frames) == messages)
            #expect(seen.events == ["subscribe", nil, "cancel", nil])
        }
        try subscriber.flush(until: .after(Self.patience), stop: StopFlag())
    }

    @Test("Commands and messages of one subscriber keep their order however they come, and its end says what it still had")
    func order() throws {
        let path = ZMQ.path()
        let publisher = try receiver("zmq:xpub:@ipc://\(path)")
        let meeting = Background { try ZMTPPeer.greet(path, as: "XSUB") }
        _ = try take(1, from: publisher, within: .milliseconds(50))
        let peer = try meeting.join()
        let subscribe = { (topic: String) in [4, UInt8(10 + topic.utf8.count), 9] + Array("SUBSCRIBE".utf8) + Array(topic.utf8) }
        let message = { (text: String) in [0, UInt8(text.utf8.count)] + Array(text.utf8) }
        let bytes =
            subscribe("a") + message("up") + subscribe("b") + subscribe("b") + message("\u{1}c") + message("\0a") + subscribe("d")
            + message("end")
        let saying = Background {
            var (generator, place) = (SeededGenerator(seed: 3), 0)
            while place < bytes.count {
                let end = min(bytes.count, place + Int.random(in: 1...9, using: &generator))
                peer.say(Array(bytes[place..<end]))
                place = end
            }
            peer.hangUp()
        }
        let seen = Array(texts(try take(11, from: publisher).frames).joined())
        try saying.join()
        #expect(seen.prefix(8) == ["\u{1}a", "up", "\u{1}b", "\u{1}b", "\u{1}c", "\0a", "\u{1}d", "end"])
        #expect(seen.suffix(3) == ["\0b", "\0c", "\0d"])
    }

    @Test("Types that do neither say which do")
    func wrongTypes() throws {
        for (address, word) in [
            ("zmq:req:ipc:///x", "makes requests"), ("zmq:rep:ipc:///x", "answers requests"), ("zmq:sub:ipc:///x", "receives"),
        ] {
            let error = try #require(ZMQ.error { _ = try sender(address) })
            #expect(error.code == .usage && error.hint?.contains(word) == true && error.message.contains("dealer, router"))
        }
        let error = try #require(ZMQ.error { _ = try receiver("zmq:push:ipc:///x") })
        #expect(error.code == .usage && error.message.contains("xpub"))
    }

    @Test("A stream takes raw bytes from a connection and gives them to one, by its name")
    func stream() throws {
        let log = NoticeLog()
        let receiver = try receiver("zmq:stream:@tcp://127.0.0.1:*", log)
        let endpoint = try log.endpoint()
        let sender = try sender("zmq:stream:\(endpoint)")
        #expect(try send([[endpoint, "GET / HTTP/1.0\r\n\r\n"]], by: sender) == 1)
        let seen = try take(1, from: receiver).frames
        #expect(seen.count == 1 && seen[0].count == 2 && seen[0][0].count == 5 && seen[0][1] == Array("GET / HTTP/1.0\r\n\r\n".utf8))
        // An end of it is no failure of a handshake.
        try sender.flush(until: .after(Self.patience), stop: StopFlag())
        #expect(try take(1, from: receiver, within: .milliseconds(100)).frames.isEmpty)
        #expect(log.warnings.isEmpty, "\(log.warnings)")
        let messages = batch([["a", "b", "c"], ["a"]])
        let refusal = sender.refusal(in: messages, 0..<1), nameless = sender.refusal(in: messages, 1..<2)
        #expect(refusal?.error.code == .unsendable && nameless?.error.code == .unsendable)
        let error = try #require(ZMQ.error { _ = try ZMQ.transport("zmq:stream:\(endpoint),engine=native").openSender(ZMQ.opening()) })
        #expect(error.code == .usage && error.message.contains("a stream socket needs libzmq"))
    }
}
