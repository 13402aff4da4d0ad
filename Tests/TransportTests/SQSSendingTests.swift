import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

/// What a sender says of messages that are refused, and what comes behind them.
@Suite("sqs: refusals and order", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct SQSSendingTests {
    private func body(_ number: Int) -> [UInt8] { Array("m\(number)".utf8) }

    private func texts(_ server: SQSStandIn, _ queue: SQSQueue) -> [String] {
        (server.bodies(in: queue.name) ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Numbered messages, of the groups in turn.
    private func batch(_ count: Int, groups: [String]? = nil) -> Batch {
        var batch = Batch()
        for number in 0..<count {
            batch.append(body(number))
            guard let groups else { continue }
            var properties = MessageProperties()
            properties.group = groups[number % groups.count]
            batch.setProperties(properties)
        }
        return batch
    }

    private func sender(to queue: SQSQueue, _ options: String = "") throws -> any Sender {
        try queue.at(options).openSender(Opening(stop: queue.stop))
    }

    private let soon = Duration.seconds(30)

    @Test func refusalsAreToldInTheOrderOfTheStreamAndNothingElseIsCounted() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        // The first of each request fails for good, at a time that chance decides.
        server.change { for number in stride(from: 0, to: 60, by: 10) { $0.bodies["m\(number)"] = .failing } }
        let sender = try sender(to: queue)
        let batch = batch(60)
        #expect(try sender.send(batch, 0..<60, until: .after(soon), stop: queue.stop) == 60)
        let rejections = sender.takeRejections()
        #expect(rejections.map(\.position) == [0, 10, 20, 30, 40, 50])
        #expect(rejections.allSatisfy { $0.error.message.hasPrefix("SQS failed: InternalError") }, "\(rejections)")
        #expect(sender.confirmed == 0)
        #expect(texts(server, queue).count == 54)
    }

    @Test func entriesMissingFromEveryReplyAreRefusedAndNamed() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        server.change { for number in [3, 17, 29] { $0.bodies["m\(number)"] = .missing } }
        let sender = try sender(to: queue)
        let batch = batch(30)
        #expect(try sender.send(batch, 0..<30, until: .after(soon), stop: queue.stop) == 30)
        #expect(sender.takeRejections().map(\.position) == [3, 17, 29])
        #expect(texts(server, queue).count == 27)
    }

    // MARK: - FIFO

    @Test func aGroupStopsAtItsFirstRefusal() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { $0.bodies["m3"] = .refused }
        let sender = try sender(to: queue)
        let batch = batch(40)
        #expect(try sender.send(batch, 0..<40, until: .after(soon), stop: queue.stop) == 4)
        #expect(sender.takeRejections().map(\.position) == [3])
        #expect(sender.confirmed == 3)
        #expect(texts(server, queue) == ["m0", "m1", "m2"])
    }

    @Test func whoSkipsTheRefusedGoesOnWithTheRestOfTheGroup() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { $0.bodies["m3"] = .refused }
        let sender = try sender(to: queue)
        let batch = batch(12)
        let count = try sender.send(batch, 0..<12, until: .after(soon), stop: queue.stop)
        #expect(sender.takeRejections().count == 1)
        #expect(try sender.send(batch, count..<12, until: .after(soon), stop: queue.stop) == 12 - count)
        #expect(sender.confirmed == 12)
        #expect(texts(server, queue) == (0..<12).filter { $0 != 3 }.map { "m\($0)" })
    }

    @Test(arguments: [SQSStandIn.BodyFault.failingOnce, .missing])
    func whatFailsForAMomentIsNotOvertaken(fault: SQSStandIn.BodyFault) throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { settings in for number in [0, 10, 11, 25] { settings.bodies["m\(number)"] = .failingOnce } }
        if fault == .missing { server.change { $0.faults.missingEntry = 0.1 } }
        let sender = try sender(to: queue)
        let batch = batch(30)
        #expect(try sender.send(batch, 0..<30, until: .after(soon), stop: queue.stop) == 30)
        #expect(sender.takeRejections().isEmpty && sender.closingRemarks.isEmpty)
        #expect(texts(server, queue) == (0..<30).map { "m\($0)" })
        server.change { $0.faults.missingEntry = 0 }
    }

    @Test func otherGroupsShareRequestsAndAreNotHeldUp() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        let sender = try sender(to: queue)
        let batch = batch(100, groups: (0..<10).map { "g\($0)" })
        #expect(try sender.send(batch, 0..<100, until: .after(soon), stop: queue.stop) == 100)
        #expect(server.requests["SendMessageBatch"] == 10)
        #expect(texts(server, queue).count == 100)
    }

    @Test func batchedOrderCostsATenthAndSaysWhatFellBehind() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { $0.bodies["m10"] = .failingOnce }
        let sender = try sender(to: queue, ",order=batched")
        let batch = batch(30)
        #expect(try sender.send(batch, 0..<30, until: .after(soon), stop: queue.stop) == 30)
        #expect(server.requests["SendMessageBatch"] == 4)
        // Nothing of the next request went before the one that failed was there.
        #expect(texts(server, queue) == ((0..<10).map { $0 } + (11..<20).map { $0 } + [10] + (20..<30).map { $0 }).map { "m\($0)" })
        #expect(sender.closingRemarks.first?.contains("1 message failed at first") == true, "\(sender.closingRemarks)")
    }

    @Test func inABatchedGroupNothingIsTriedAgainBehindARefusal() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { ($0.bodies["m2"], $0.bodies["m4"]) = (.refused, .failing) }
        let sender = try sender(to: queue, ",order=batched")
        let batch = batch(20)
        #expect(try sender.send(batch, 0..<20, until: .after(soon), stop: queue.stop) == 10)
        #expect(sender.takeRejections().map(\.position) == [2, 4])
        #expect(server.requests["SendMessageBatch"] == 1)
    }

    // MARK: - Other protocols

    @Test func aReplyThatIsNotABatchsIsAnotherProtocolAndNothingIsSentAgain() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        server.change { $0.operations["SendMessageBatch"] = .foreign }
        let sender = try sender(to: queue)
        let batch = batch(7)
        do {
            _ = try sender.send(batch, 0..<7, until: .after(soon), stop: queue.stop)
            Issue.record("sent")
        } catch {
            #expect(error.code == .protocolViolation && error.message.contains("7 messages"), "\(error)")
        }
        #expect(server.requests["SendMessageBatch"] == 1)
    }

    @Test func anErrorThatHasItsCodeInCodeIsRead() throws {
        let server = try SQSStandIn()
        server.change { $0.operations["GetQueueUrl"] = .refuse(code: "AWS.SimpleQueueService.NonExistentQueue") }
        do {
            _ = try SQSTransport.at("sqs:\(UniqueName.make())", endpoint: server.endpoint).openSender(Opening(stop: StopFlag()))
            Issue.record("opened")
        } catch let error as TransportError {
            #expect(error.code == .noSuchQueue, "\(error)")
        }
    }

    // MARK: - What can never be right

    @Test(arguments: ["wait=21s", "wait=500ms", "visibility=13h", "visibility=0s", "visibility=1500ms"])
    func anOptionOutOfSQSRangeIsAUsageError(option: String) {
        do {
            _ = try SQSTransport.at("sqs:q,\(option)", endpoint: "http://127.0.0.1:1")
            Issue.record("taken")
        } catch let error as TransportError {
            #expect(error.code == .usage && error.message.contains(option), "\(error)")
        } catch { Issue.record("\(error)") }
    }

    @Test(arguments: ["wait=0s", "wait=20s", "visibility=1s", "visibility=12h"])
    func anOptionWithinSQSRangeIsTaken(option: String) throws { _ = try SQSTransport.at("sqs:q,\(option)", endpoint: "http://127.0.0.1:1") }

    @Test(arguments: [
        (Attribute(name: "n", type: "Number", value: Array("abc".utf8)), "not a number"),
        (Attribute(name: "n", type: "Foo", value: [120]), "unknown type 'Foo'"),
        (Attribute(name: "AWS.x", value: [49]), "keeps for itself"),
        (Attribute(name: "a b", value: [49]), "does not allow"), (Attribute(name: ".a", value: [49]), "does not allow"),
        (Attribute(name: "a", value: [27]), "offset 0"),
    ])
    func anAttributeOfEveryMessageThatNoneCanHaveIsAUsageError(attribute: Attribute, words: String) throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        var opening = Opening(stop: queue.stop)
        opening.defaults.attributes = [attribute]
        do {
            _ = try queue.at().openSender(opening)
            Issue.record("opened")
        } catch let error as TransportError {
            #expect(error.code == .usage && error.message.contains(words), "\(error)")
        }
        // The same beside one message is that message's fault.
        var properties = MessageProperties()
        properties.attributes = [attribute]
        do {
            try queue.send([[97]], properties: [properties])
            Issue.record("sent")
        } catch let error as TransportError {
            #expect(error.code == .unsendable && error.message.contains(words), "\(error)")
        }
        #expect(server.requests["SendMessageBatch"] == nil)
    }

    @Test(arguments: ["1", "-1.5", "+.5", "3.", "1e10", "2E-7"])
    func aNumberIsANumber(text: String) {
        #expect(MessageText.complaint(about: Attribute(name: "n", type: "Number.own", value: Array(text.utf8))) == nil)
    }

    @Test(arguments: ["", "-", ".", "1e", "1 ", "0x1", "1.2.3", "e5"])
    func whatIsNotANumberIsSaid(text: String) {
        #expect(MessageText.complaint(about: Attribute(name: "n", type: "Number", value: Array(text.utf8))) != nil)
    }

    @Test func whatIsNotUTF8IsSaidInOneNegation() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        batch.append([97, 0xff])
        #expect(sender.refusal(in: batch, 0..<1)?.error.message == "SQS cannot carry bytes that are not valid UTF-8, at offset 1")
    }

    @Test func aHintAtADelayNamesAnOptionThatExists() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        var properties = MessageProperties()
        properties.delay = .seconds(10)
        batch.append([97])
        batch.setProperties(properties)
        let hint = try #require(sender.refusal(in: batch, 0..<1)?.error.hint)
        let option = String(hint.prefix { $0 != "=" })
        #expect(SQSTransport.descriptor.spec(for: option)?.scope == .create, "\(hint)")
    }

    @Test func byContentTheQueueDropsTheSameMessageWithoutAnAttributeOfItsOwn() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        try queue.send([[97], [97], [98]], ",dedup=content")
        #expect(try queue.drain().map(\.body) == [[97], [98]])
    }

    @Test func aDelayOfAFractionIsSaid() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint)
        let said = NoticeLog()
        var opening = Opening(stop: queue.stop)
        opening.notices = said.notices
        opening.defaults.delay = .milliseconds(1500)
        _ = try queue.at().openSender(opening)
        #expect(said.warnings == ["SQS delays by whole seconds: 1.5s becomes 2s"])
    }
}
