import Glibc
import MQCore
import MQTesting
import Testing

@testable import TransportNSQ

@Suite("what nsqd is asked beside the connecting", .ownThread, .timeLimit(.minutes(1)))
struct NSQSideQuestionTests {
    private func body(_ reply: String) -> String? { SideQuestion.body(of: Array(reply.utf8)).map { String(decoding: $0, as: UTF8.self) } }

    @Test func onlyAWholeReplyThatSays200Counts() {
        #expect(body("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n123") == "123")
        #expect(body("HTTP/1.1 200 OK\r\n\r\n") == "")
        for reply in [
            "", "HTTP/1.0 200 OK", "HTTP/1.0 403 Forbidden\r\n\r\n1", "HTTP/1.0 200 OK\r\ncontent-length:4\r\n\r\n123", "HTTP",
            "\r\n\r\n", "SSH-2.0-x\r\n\r\n",
        ] { #expect(body(reply) == nil, "\(reply)") }
        #expect(MessageLimit.number(Array("1048576".utf8)) == 1 << 20)
        for text in ["", "-1", "0", "1e6", "\"5\"", "99999999999999"] { #expect(MessageLimit.number(Array(text.utf8)) == nil, "\(text)") }
    }

    @Test func nonsenseInRepliesDoesNoHarm() {
        let good = Array("HTTP/1.0 200 OK\r\nContent-Length: 24\r\n\r\n{\"topics\":[{\"depth\":1}]}".utf8)
        var (taken, refused) = (0, 0)
        Fuzz.rounds { generator, _ in
            var bytes = good
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] =
                    generator.bytes(upTo: 1, of: Array("0129:\r\n /{}".utf8)).first ?? 0
            }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
            if let body = SideQuestion.body(of: bytes) {
                taken += 1
                _ = try? AdminStatistics.parse(Array(body))
                _ = MessageLimit.number(Array(body))
            } else {
                refused += 1
            }
        }
        #expect(taken > 0 && refused > 0)
    }
}

@Suite("what nsqd says of itself", .ownThread, .timeLimit(.minutes(1)), .enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH"))
struct NSQSelfDescriptionTests {
    private func address(_ daemon: NSQDaemon, _ queue: String) -> String {
        "nsq://127.0.0.1:\(daemon.tcpPort)/\(queue),http-port=\(daemon.httpPort)"
    }

    @Test func theLimitIsNSQDsOwn() throws {
        for (size, body, limit) in [(2000, 5 << 20, 2000), (8 << 20, 5 << 20, (5 << 20) - 8), (8 << 20, 9 << 20, 8 << 20)] {
            let daemon = try NSQDaemon(arguments: ["-max-msg-size=\(size)", "-max-body-size=\(body)"])
            let sender = try NSQTransport.at(address(daemon, "t")).openSender(NSQ.opening())
            #expect(sender.maximumMessageSize == limit)
            var batch = Batch()
            batch.append([UInt8](repeating: 1, count: limit))
            batch.append([UInt8](repeating: 1, count: limit + 1))
            let found = sender.refusal(in: batch, 0..<2)
            let refusal = try #require(found)
            let sizes = [limit + 1, limit].map { Quantity.count($0, "byte") }
            #expect(refusal.index == 1 && refusal.error.message == "\(sizes[0]) exceed this queue's limit of \(sizes[1])")
            #expect(try sender.send(batch, 0..<1, until: .after(.seconds(10)), stop: StopFlag()) == 1)
            try NSQ.flush(sender)
            let told = try NSQTransport.at("\(address(daemon, "t")),max-message=700").openSender(NSQ.opening())
            #expect(told.maximumMessageSize == 700)
        }
    }

    private func warnings(_ daemon: NSQDaemon, _ queue: String) throws -> [String] {
        let log = NoticeLog()
        try NSQTransport.at(address(daemon, queue)).openReceiver(NSQ.opening(log)).close(until: .after(.seconds(5)), stop: StopFlag())
        return log.warnings
    }

    @Test func theFirstChannelOfATopicIsAnnouncedAndNoOther() throws {
        let daemon = try NSQDaemon()
        // On a busy machine the answer may come too late to count.
        let found = try (0..<10).map { number in
            try NSQ.send(NSQ.numbered(0..<12), to: address(daemon, "kept\(number)"))
            return (number, try warnings(daemon, "kept\(number)/a"))
        }.first { !$0.1.isEmpty }
        let (number, words) = try #require(found)
        #expect(words.count == 1 && words[0].contains("a is its first, and gets the 12 messages"))
        #expect(try warnings(daemon, "kept\(number)/a").isEmpty)
        #expect(try warnings(daemon, "kept\(number)/b").isEmpty)
        #expect(try warnings(daemon, "new/a").isEmpty)
    }

    @Test func aTemporaryTopicGoesWithItsLastUser() throws {
        let daemon = try NSQDaemon()
        var transport: NSQTransport? = try .at(address(daemon, "temp"))
        do {
            let sender = try transport!.openSender(NSQ.opening())
            try NSQ.send([[1]], with: sender)
            try NSQ.flush(sender)
        }
        let list = try NSQAdminTests.admin(address(daemon, ""))
        #expect(try list.list().queues.count == 2)
        do {
            let receiver = try transport!.openReceiver(NSQ.opening())
            #expect(try NSQ.receive(1, with: receiver) == [[1]])
            try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        }
        #expect(try list.list().queues.count == 2)
        transport = nil
        #expect(NSQ.eventually { (try? list.list().queues.isEmpty) == true })
    }
}
