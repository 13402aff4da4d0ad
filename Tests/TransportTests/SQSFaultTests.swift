import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@testable import TransportSQS

extension ConformanceSubject {
    fileprivate static let sqsStandard = sqsStandIn(suffix: "", missing: [])
    /// Its empty polls do not wait at the service for as long as those of `sqsStandard`.
    fileprivate static let sqsFIFO = sqsStandIn(suffix: ".fifo", missing: .delay, ",wait=1s")

    private static let standIn = Result { try SQSStandIn(.hurried) }

    private static func sqsStandIn(suffix: String, missing: Capabilities, _ more: String = "") -> ConformanceSubject {
        var subject = ConformanceSubject(SQSTransport.descriptor.without(missing)) {
            let endpoint = try standIn.get().endpoint
            let queue = try SQSTransport.at("sqs:\(UniqueName.make())\(suffix),base64\(more)", endpoint: endpoint)
            _ = try queue.openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
            return ConformanceQueue(sending: queue) { try? queue.openAdmin(Opening(stop: StopFlag())).delete() }
        }
        subject.missing = { try SQSTransport.at("sqs:\(UniqueName.make("absent"))\(suffix)", endpoint: standIn.get().endpoint) }
        subject.creatable = { try SQSTransport.at("sqs:\(UniqueName.make("made"))\(suffix)", endpoint: standIn.get().endpoint) }
        if suffix.isEmpty { subject.temporary = { try SQSTransport.at("sqs:temp,base64", endpoint: standIn.get().endpoint) } }
        subject.fillsUp = false
        subject.noticesRemoval = false
        subject.keepsOrder = !suffix.isEmpty
        subject.streamLength = 1500
        return subject
    }
}

@Suite("sqs on the stand-in", .ownThread, .timeLimit(.minutes(2)))
struct SQSFaultTests {
    @Test(arguments: Conformance.checks(for: .sqsStandard))
    func aStandardQueueKeepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sqsStandard) }

    @Test(arguments: Conformance.checks(for: .sqsFIFO))
    func aFIFOQueueKeepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sqsFIFO) }

    /// The first large message makes a sender ask for the queue's limit, whatever it has under way then.
    @Test func whatIsUnderWayIsHeardWhileTheLimitIsAskedFor() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.delay = .milliseconds(30)
        let server = try SQSStandIn(settings)
        let queue = try SQSQueue(server.endpoint)
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        for number in 0..<30 { batch.append(numbered(number)) }
        #expect(try sender.send(batch, 0..<30, until: .immediately, stop: queue.stop) == 30)
        var large = Batch()
        large.append([UInt8](repeating: 97, count: 2 << 20))
        #expect(sender.refusal(in: large, 0..<1) != nil)
        try sender.flush(until: .after(.seconds(10)), stop: queue.stop)
        #expect(sender.confirmed == 30)
    }

    // MARK: Every fault at once

    /// 2000 find what can go wrong; MQ_TEST_SQS_FAULT_MESSAGES=10000 is for a longer look.
    private static let faultyMessages = getenv("MQ_TEST_SQS_FAULT_MESSAGES").flatMap { Int(String(cString: $0)) } ?? 2000

    private func numbered(_ number: Int) -> [UInt8] { Array("message \(number)".utf8) }

    /// Sends numbered messages in calls of a few hundred; returns the positions that were refused.
    private func sendNumbered(_ count: Int, to queue: SQSQueue) throws -> Set<Int> {
        var opening = Opening(stop: queue.stop)
        opening.retry = .seconds(60)
        let sender = try queue.at().openSender(opening)
        var refused: Set<Int> = []
        var batch = Batch()
        for start in stride(from: 0, to: count, by: 500) {
            batch.removeAll()
            for number in start..<min(start + 500, count) { batch.append(numbered(number)) }
            #expect(try sender.send(batch, 0..<batch.count, until: .after(.seconds(60)), stop: queue.stop) == batch.count)
            refused.formUnion(sender.takeRejections().map(\.position))
        }
        try sender.flush(until: .after(.seconds(60)), stop: queue.stop)
        refused.formUnion(sender.takeRejections().map(\.position))
        // What was refused and told counts as passed with the next use.
        try sender.flush(until: .immediately, stop: queue.stop)
        #expect(sender.confirmed == count)
        return refused
    }

    /// Takes everything and counts how often each number came.
    private func receiveNumbered(_ count: Int, from queue: SQSQueue) throws -> [Int: Int] {
        var opening = Opening(stop: queue.stop)
        opening.retry = .seconds(60)
        // A reply that was lost has taken messages that nobody knows of: they come again after their visibility.
        let receiver = try queue.at(",visibility=2s,wait=1s").openReceiver(opening)
        var seen: [Int: Int] = [:]
        var batch = Batch()
        var quiet = 0
        // Pauses between tries may be long; what has not come after a minute is lost.
        let patience = Deadline.after(.seconds(45))
        while quiet < 2 || (seen.count < count && !patience.hasPassed) {
            batch.removeAll()
            let outcome = try receiver.receive(into: &batch, limit: .max, byteLimit: 1 << 17, until: .after(.seconds(1)), stop: queue.stop)
            quiet = outcome == .received ? 0 : quiet + 1
            for index in 0..<batch.count {
                let text = String(decoding: batch.bytes(of: index), as: UTF8.self)
                seen[try #require(Int(text.dropFirst("message ".count))), default: 0] += 1
            }
            try receiver.settle(last: batch.count, as: .acknowledge)
        }
        try receiver.close(until: .after(.seconds(20)), stop: queue.stop)
        return seen
    }

    @Test func nothingIsLostWhenEverythingGoesWrongAtTimes() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults = .all(0.05)
        settings.hasLongReceipts = true
        let server = try SQSStandIn(settings)
        let queue = try SQSQueue(server.endpoint)
        let count = Self.faultyMessages
        let refused = try sendNumbered(count, to: queue)
        #expect(refused.isEmpty)
        let seen = try receiveNumbered(count, from: queue)
        #expect(Set(seen.keys) == Set(0..<count), "\(count - seen.count) lost")
        let duplicates = seen.values.reduce(0) { $0 + $1 - 1 }
        #expect(duplicates > 0, "the faults had no effect")
    }

    @Test func whatIsRefusedForGoodIsNamedAndTheRestArrives() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults.senderFault = 0.05
        settings.faults.missingEntry = 0.05
        let server = try SQSStandIn(settings)
        let queue = try SQSQueue(server.endpoint)
        let refused = try sendNumbered(2000, to: queue)
        #expect(!refused.isEmpty)
        server.change { $0.faults = SQSStandIn.Faults() }
        let seen = try receiveNumbered(2000 - refused.count, from: queue)
        #expect(Set(seen.keys).union(refused) == Set(0..<2000))
        #expect(refused.isDisjoint(with: seen.keys))
    }

    /// Servers live as long as the tests: a queue is deleted at the end.
    private func start(_ settings: SQSStandIn.Settings) throws -> String {
        let server = try SQSStandIn(settings)
        Self.kept.withLock { $0.append(server) }
        return server.endpoint
    }

    private static let kept = Mutex<[SQSStandIn]>([])

    @Test func aFIFOQueueGetsEachMessageOnceAndInOrderThoughRepliesAreLost() throws {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: true)
        server.change { $0.faults.lostReply = 0.2 }
        #expect(try sendNumbered(300, to: queue).isEmpty)
        #expect(server.bodies(in: queue.name) == (0..<300).map(numbered))
        #expect((server.faultsPlayed["lostReply"] ?? 0) > 0, "\(server.faultsPlayed)")
        server.change { $0.faults.lostReply = 0 }
    }

    // MARK: One fault each

    @Test func aWrongMD5IsReportedAndNotSentAgain() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults.wrongMD5 = 1
        let queue = try SQSQueue(try start(settings))
        let rejections = try queue.send([numbered(1), numbered(2)])
        #expect(rejections.map(\.position).sorted() == [0, 1])
        #expect(rejections.allSatisfy { $0.error.code == .protocolViolation && $0.error.message.contains("MD5") })
        #expect(try queue.count() == .number(2))
    }

    @Test func aClockThatIsWrongByTwentyMinutesIsPutRight() throws {
        for skew in [-1200, 1200] {
            var settings = SQSStandIn.Settings.hurried
            settings.clockSkew = .seconds(skew)
            let queue = try SQSQueue(try start(settings))
            #expect(try queue.send([numbered(1)]).isEmpty)
            #expect(try queue.drain().map(\.body) == [numbered(1)])
        }
    }

    @Test func aBatchThatIsTooLongIsSplit() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.maximumBatchSize = 100_000
        let queue = try SQSQueue(try start(settings))
        let bodies = (0..<20).map { [UInt8](repeating: UInt8(97 + $0), count: 30_000) }
        #expect(try queue.send(bodies).isEmpty)
        #expect(try queue.drain().map(\.body).count == 20)
    }

    @Test func aServiceThatHangsEndsAtTheDeadline() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults.hang = 1
        let server = try SQSStandIn(settings)
        server.createQueue("q")
        let endpoint = server.endpoint
        let begin = Deadline.now()
        do {
            var opening = Opening(stop: StopFlag())
            opening.deadline = .after(.milliseconds(400))
            _ = try SQSTransport.at("sqs:q", endpoint: endpoint).openSender(opening)
            Issue.record("opened")
        } catch let error as TransportError {
            #expect(error.code == .tryAgain)
        }
        #expect(Deadline.now() - begin < 2_000_000_000)
        // By its URL nothing is asked before the first message.
        let sender = try SQSTransport.at("\(endpoint)/123456789012/q", endpoint: endpoint).openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        batch.append(numbered(1))
        let start = Deadline.now()
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(300)), stop: StopFlag()) == 1)
        #expect(sender.overdue?.message == "no answer for 1 message in time")
        #expect(throws: TransportError.self) { try sender.flush(until: .after(.milliseconds(50)), stop: StopFlag()) }
        #expect(Deadline.now() - start < 1_500_000_000)
        #expect(sender.confirmed == 0)
    }

    /// A service that refuses for the moment has answered.
    @Test func whatTheServiceSaidIsTheReasonWhenTheTimeIsUp() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults.throttle = 1
        let endpoint = try start(settings)
        let sender = try SQSTransport.at("\(endpoint)/123456789012/q", endpoint: endpoint).openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        batch.append(numbered(1))
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(60)), stop: StopFlag()) == 1)
        let words = try #require(sender.overdue).message
        #expect(words.hasPrefix("1 message not accepted in time: ") && words.contains("hrottl"), "\(words)")
    }

    @Test func aServiceThatOnlyThrottlesIsGivenUpInTime() throws {
        var settings = SQSStandIn.Settings.hurried
        settings.faults.throttle = 1
        let endpoint = try start(settings)
        let begin = Deadline.now()
        do {
            _ = try SQSTransport.at("sqs:q", endpoint: endpoint).openSender(Opening(stop: StopFlag()))
            Issue.record("opened")
        } catch let error as TransportError {
            #expect(error.code == .tryAgain && error.isRetriable)
        }
        #expect(Deadline.now() - begin < 30_000_000_000)
    }

    @Test(.enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"))
    func boto3ReadsWhatWeSendAndWeReadWhatItSends() throws {
        let endpoint = try MotoServer.shared().endpoint
        let queue = try SQSQueue(endpoint)
        var properties = MessageProperties()
        properties.attributes = [
            Attribute(name: "colour", value: Array("blue".utf8)), Attribute(name: "raw", type: "Binary", value: [0, 255]),
        ]
        try queue.send([numbered(1)], properties: [properties])
        let script = """
            import boto3, sys
            sqs = boto3.client('sqs', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='secret')
            url = sqs.get_queue_url(QueueName=sys.argv[2])['QueueUrl']
            message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=['All'])['Messages'][0]
            attributes = message['MessageAttributes']
            print(message['Body'], attributes['colour']['StringValue'], attributes['raw']['BinaryValue'].hex())
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
            sqs.send_message(QueueUrl=url, MessageBody='from boto3', MessageAttributes={'n': {'DataType': 'Number', 'StringValue': '7'}})
            """
        let result = try Executable(MotoServer.python!).run(["-c", script, endpoint, queue.name], timeout: .seconds(50))
        #expect(result.text == "message 1 blue 00ff\n", "\(result.errorText)")
        let found = try #require(try queue.drain(",wait=0s", properties: true).first)
        #expect(found.body == Array("from boto3".utf8))
        #expect(found.properties.attributes == [Attribute(name: "n", type: "Number", value: [55])])
    }
}
