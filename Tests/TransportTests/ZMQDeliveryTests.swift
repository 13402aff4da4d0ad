import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ delivery", .serialized, .ownThread, .timeLimit(.minutes(2)))
struct ZMQDeliveryTests {
    @Test func bytesArriveInOrderAsTheyWere() throws {
        let path = ZMQ.path()
        let messages: [[UInt8]] = [Array("one".utf8), [], Array(0...255), [0], [UInt8](repeating: 7, count: 3 << 20), Array("end\n".utf8)]
        let receiving = Background { try ZMQ.receive(messages.count, from: "zmq:@ipc://\(path)") }
        #expect(try ZMQ.send(messages, to: "zmq:ipc://\(path)") == messages.count)
        #expect(try receiving.join().messages == messages)
        #expect(access(path, F_OK) != 0)
    }

    @Test func senderStartedBeforeItsReceiverLosesNothing() throws {
        let path = ZMQ.path()
        let messages = ZMQ.numbered(5000)
        let sending = Background { try ZMQ.send(messages, to: "zmq:ipc://\(path)") }
        usleep(250_000)
        #expect(try ZMQ.receive(messages.count, from: "zmq:@ipc://\(path)").messages == messages)
        #expect(try sending.join() == messages.count)
    }

    @Test func boundSenderWaitsForAReceiverThatConnects() throws {
        let path = ZMQ.path()
        let messages = ZMQ.numbered(3000)
        let sending = Background { try ZMQ.send(messages, to: "zmq:@ipc://\(path)") }
        usleep(100_000)
        #expect(try ZMQ.receive(messages.count, from: "zmq:ipc://\(path)").messages == messages)
        #expect(try sending.join() == messages.count)
        #expect(access(path, F_OK) != 0)
    }

    @Test func tcpOnAFreePortReportsIt() throws {
        let log = NoticeLog()
        let receiving = Background { try ZMQ.receive(3, from: "zmq:@tcp://127.0.0.1:*", log: log) }
        let endpoint = try log.endpoint()
        #expect(endpoint.hasPrefix("tcp://127.0.0.1:") && !endpoint.hasSuffix("*"))
        try ZMQ.send(ZMQ.numbered(3), to: "zmq:\(endpoint)")
        #expect(try receiving.join().messages == ZMQ.numbered(3))
    }

    @Test func ipv6IsSwitchedOnByTheAddress() throws {
        let log = NoticeLog()
        let receiving = Background { try ZMQ.receive(1, from: "zmq:@tcp://[::1]:*", log: log) }
        try ZMQ.send([[1]], to: "zmq:\(try log.endpoint())")
        #expect(try receiving.join().messages == [[1]])
    }

    @Test func tailIsReadByASlowReceiverBeforeTheSenderEnds() throws {
        let messages = ZMQ.numbered(4000)
        for _ in 0..<10 {
            let path = ZMQ.path()
            let receiving = Background {
                try ZMQ.receive(messages.count, from: "zmq:@ipc://\(path),hwm=50", within: .seconds(2), pause: 200)
            }
            #expect(try ZMQ.send(messages, to: "zmq:ipc://\(path)") == messages.count)
            #expect(try receiving.join().messages.count == messages.count)
        }
    }

    @Test func firstMessageOfAPublisherReachesItsSubscriber() throws {
        let messages = ZMQ.numbered(5000)
        let path = ZMQ.path()
        let sending = Background { try ZMQ.send(messages, to: "zmq:pub:@ipc://\(path),wait-peers=2") }
        let other = Background { try ZMQ.receive(messages.count, from: "zmq:sub:ipc://\(path)") }
        #expect(try ZMQ.receive(messages.count, from: "zmq:sub:ipc://\(path)").messages == messages)
        #expect(try other.join().messages == messages)
        #expect(try sending.join() == messages.count)
    }

    @Test func subscribersThatAreStillAwaitedAreCounted() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let publisher = try ZMQ.transport("zmq:pub:@ipc://\(path),wait-peers=2").openSender(ZMQ.opening(stop))
        let subscriber = try ZMQ.transport("zmq:sub:ipc://\(path)").openReceiver(ZMQ.opening())
        var batch = Batch()
        batch.append([1])
        #expect(try publisher.send(batch, 0..<1, until: .after(.milliseconds(300)), stop: stop) == 0)
        #expect(publisher.obstacle.code == .unreachable && publisher.obstacle.message == "1 of 2 subscribers came")
        _ = subscriber
    }

    @Test func publisherWithoutSubscriberGoesOnAfterASecondAndSaysSo() throws {
        let took = try shortest(enough: .seconds(2)) {
            let log = NoticeLog()
            let start = ContinuousClock.now
            try ZMQ.send([[1]], to: "zmq:pub:@ipc://\(ZMQ.path())", log: log)
            #expect(log.warnings.count == 1)
            return ContinuousClock.now - start
        }
        #expect(took >= .milliseconds(990) && took < .seconds(2))
    }

    @Test(arguments: ["native", "libzmq"])
    func slowSubscriberLosesNothingUnlessAskedFor(engine: String) throws {
        let messages = ZMQ.numbered(20_000)
        for drops in [false, true] {
            let path = ZMQ.path()
            let sending = Background {
                let stop = StopFlag()
                let sender = try ZMQ.transport("zmq:pub:@ipc://\(path),wait-peers=1,hwm=20,engine=\(engine)\(drops ? ",drop" : "")")
                    .openSender(
                        ZMQ.opening(stop))
                var batch = Batch()
                for message in messages { batch.append(message) }
                _ = try sender.send(batch, 0..<batch.count, until: .after(.seconds(20)), stop: stop)
                try sender.flush(until: .after(.seconds(20)), stop: stop)
                return sender.closingRemarks
            }
            let got = try ZMQ.receive(messages.count, from: "zmq:sub:ipc://\(path),hwm=20,engine=\(engine)", untilClosed: true, pause: 300)
            let remarks = try sending.join()
            #expect(drops ? got.messages.count < messages.count : got.messages == messages)
            #expect(remarks.count == (drops ? 1 : 0))
            // Each that is missing is counted, where that can be.
            if drops && engine == "libzmq" { #expect(remarks[0].hasPrefix("at least ")) }
            if drops && engine == "native" {
                #expect(remarks[0].contains(Quantity.grouped(messages.count - got.messages.count)), "\(remarks)")
            }
        }
    }

    @Test(arguments: ["sub", "xsub"])
    func subscriptionChoosesByPrefix(type: String) throws {
        let path = ZMQ.path()
        let sending = Background {
            try ZMQ.send(["a1", "b1", "c1", "a2"].map { Array($0.utf8) }, to: "zmq:pub:@ipc://\(path),wait-peers=1")
        }
        let got = try ZMQ.receive(9, from: "zmq:\(type):ipc://\(path),subscribe=a,subscribe=c", untilClosed: true)
        _ = try sending.join()
        // One of the two subscriptions may arrive after the first message was sent.
        #expect(Set(got.messages.map { String(decoding: $0, as: UTF8.self) }).isSubset(of: ["a1", "c1", "a2"]))
        #expect(got.messages.count >= 2)
    }

    @Test func receiverEndsWithItsLastSender() throws {
        let path = ZMQ.path()
        let receiving = Background { try ZMQ.receive(.max, from: "zmq:@ipc://\(path)", within: .seconds(20), untilClosed: true) }
        // One stays while the others come and go, so that there is a last one.
        let stop = StopFlag()
        let last = try ZMQ.transport("zmq:ipc://\(path)").openSender(ZMQ.opening(stop))
        var batch = Batch()
        batch.append([1])
        #expect(try last.send(batch, 0..<1, until: .after(.seconds(5)), stop: stop) == 1)
        let senders = (0..<3).map { _ in Background { try ZMQ.send(ZMQ.numbered(2000), to: "zmq:ipc://\(path)") } }
        for sender in senders { _ = try sender.join() }
        usleep(200_000)
        #expect(try last.send(batch, 0..<1, until: .after(.seconds(5)), stop: stop) == 1)
        try last.flush(until: .after(.seconds(5)), stop: stop)
        let (messages, outcome) = try receiving.join()
        #expect(outcome == .ended)
        #expect(messages.count == 6002)
    }

    @Test func messagesQueuedWhenTheConnectionBreaksReachTheNextReceiver() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let first = Background { try ZMQ.receive(1, from: "zmq:@ipc://\(path)") }
        let sender = try ZMQ.transport("zmq:ipc://\(path)").openSender(ZMQ.opening(stop))
        var batch = Batch()
        for message in ZMQ.numbered(101) { batch.append(message) }
        #expect(try sender.send(batch, 0..<1, until: .after(.seconds(5)), stop: stop) == 1)
        #expect(try first.join().messages.count == 1)
        usleep(50_000)
        #expect(try sender.send(batch, 1..<101, until: .after(.seconds(5)), stop: stop) == 100)
        let second = Background { try ZMQ.receive(100, from: "zmq:@ipc://\(path)") }
        try sender.flush(until: .after(.seconds(5)), stop: stop)
        #expect(try second.join().messages == Array(ZMQ.numbered(101)[1...]))
    }

    @Test func messagesAreSharedAmongSeveralReceivers() throws {
        let paths = [ZMQ.path(), ZMQ.path()]
        let receivers = paths.map { path in Background { try ZMQ.receive(.max, from: "zmq:@ipc://\(path)", untilClosed: true) } }
        try ZMQ.send(ZMQ.numbered(2000), to: "zmq:ipc://\(paths[0]),ipc://\(paths[1]),wait-peers=2")
        let counts = try receivers.map { try $0.join().messages.count }
        #expect(counts.reduce(0, +) == 2000)
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test func framesSurviveWhereTheyAreWanted() throws {
        let path = ZMQ.path()
        let sending = Background {
            let stop = StopFlag()
            let sender = try ZMQ.transport("zmq:ipc://\(path)").openSender(ZMQ.opening(stop))
            var batch = Batch()
            batch.append(Array("headbody".utf8))
            var properties = MessageProperties()
            properties.frames = [4, 0, 4]
            batch.setProperties(properties)
            batch.append(Array("plain".utf8))
            _ = try sender.send(batch, 0..<2, until: .after(.seconds(5)), stop: stop)
            try sender.flush(until: .after(.seconds(5)), stop: stop)
        }
        let stop = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path)").openReceiver(ZMQ.opening(stop))
        var batch = Batch()
        batch.wantsProperties = true
        while batch.count < 2 {
            let outcome = try receiver.receive(
                into: &batch, limit: 2 - batch.count, byteLimit: 1000, until: .after(.seconds(5)), stop: stop)
            #expect(outcome == .received)
            if outcome != .received { return }
        }
        _ = try sending.join()
        #expect(Array(batch.bytes(of: 0)) == Array("headbody".utf8))
        #expect(batch.properties(of: 0).frames == [4, 0, 4])
        #expect(batch.properties(of: 1).frames == nil)
    }

    @Test func framesThatDoNotAddUpAreRefusedBeforeTheyAreSent() throws {
        let sender = try ZMQ.transport("zmq:@ipc://\(ZMQ.path())").openSender(ZMQ.opening())
        var batch = Batch()
        batch.append([1, 2, 3])
        var properties = MessageProperties()
        properties.frames = [1, 1]
        batch.setProperties(properties)
        #expect(sender.refusal(in: batch, 0..<1)?.error.code == .unsendable)
    }

    @Test func highWaterMarkBoundsWhatIsAccepted() throws {
        let path = ZMQ.path()
        let stop = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path),hwm=10").openReceiver(ZMQ.opening(stop))
        let sender = try ZMQ.transport("zmq:ipc://\(path),hwm=10").openSender(ZMQ.opening(stop))
        var batch = Batch()
        for message in ZMQ.numbered(1000, size: 10_000) { batch.append(message) }
        let accepted = try sender.send(batch, 0..<batch.count, until: .after(.milliseconds(200)), stop: stop)
        #expect(accepted >= 10 && accepted < 500)
        let error = ZMQ.error { try sender.flush(until: .after(.milliseconds(100)), stop: stop) }
        #expect(error?.code == .tryAgain)
        #expect(sender.confirmed == 0)
        try receiver.close(until: .never, stop: stop)
    }

    @Test(arguments: [",engine=native", ",engine=libzmq"])
    func prefetchedRestOfAPullSocketIsMentioned(engine: String) throws {
        let path = ZMQ.path()
        // Nobody but an mq keeps what was not taken.
        let sending = Background { try? ZMQ.send(ZMQ.numbered(100), to: "zmq:ipc://\(path),engine=libzmq", within: .seconds(1)) }
        let stop = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path)\(engine)").openReceiver(ZMQ.opening(stop))
        var batch = Batch()
        _ = try receiver.receive(into: &batch, limit: 2, byteLimit: 1000, until: .after(.seconds(5)), stop: stop)
        #expect(batch.count <= 2)
        usleep(100_000)
        try receiver.close(until: .never, stop: stop)
        #expect(receiver.closingRemarks.count == 1)
        _ = try sending.join()
    }

    @Test func temporaryQueueJoinsBothEndsAndLeavesNoFile() throws {
        let transport = try ZMQ.transport("zmq:temp")
        let stop = StopFlag()
        let receiver = try transport.openReceiver(ZMQ.opening(stop))
        let sending = Background {
            let sender = try transport.openSender(ZMQ.opening(stop))
            var batch = Batch()
            batch.append(Array("hello".utf8))
            _ = try sender.send(batch, 0..<1, until: .after(.seconds(5)), stop: stop)
            try sender.flush(until: .after(.seconds(5)), stop: stop)
        }
        var batch = Batch()
        #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 100, until: .after(.seconds(5)), stop: stop) == .received)
        _ = try sending.join()
        try receiver.close(until: .never, stop: stop)
        #expect(access(try Target(["temp"]).temporaryPath!, F_OK) != 0)
    }
}
