import MQCore
import MQTesting
import Testing

@testable import TransportSQS

extension ConformanceSubject {
    /// A standard queue of moto. Groups are for FIFO queues there; with one receiver at a time moto gives no message twice. Its empty
    /// polls do not wait a second each at the service, which those of `sqsPolled` do.
    fileprivate static let sqsStandard = sqs(SQSTransport.descriptor.without(.group), suffix: "", ",wait=0s")
    fileprivate static let sqsPolled = sqs(SQSTransport.descriptor.without(.group), suffix: "")
    fileprivate static let sqsFIFO = sqs(SQSTransport.descriptor.without(.delay), suffix: ".fifo", ",wait=0s")

    private static func sqs(_ descriptor: Descriptor, suffix: String, _ more: String = "") -> ConformanceSubject {
        let options = ",base64,receivers=1\(more)"
        var subject = ConformanceSubject(descriptor) {
            let endpoint = try MotoServer.shared().endpoint
            let queue = try SQSTransport.at("sqs:\(UniqueName.make())\(suffix)\(options)", endpoint: endpoint)
            _ = try queue.openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
            return ConformanceQueue(sending: queue) { try? queue.openAdmin(Opening(stop: StopFlag())).delete() }
        }
        subject.missing = { try SQSTransport.at("sqs:\(UniqueName.make("absent"))\(suffix)", endpoint: MotoServer.shared().endpoint) }
        subject.creatable = { try SQSTransport.at("sqs:\(UniqueName.make("made"))\(suffix)", endpoint: MotoServer.shared().endpoint) }
        subject.fillsUp = false
        subject.keepsOrder = !suffix.isEmpty
        subject.noticesRemoval = false
        subject.streamLength = 60
        subject.patience = .seconds(30)
        subject.largeMessage = 1 << 18
        return subject
    }
}

// One after the other: moto is slow.
@Suite(
    "sqs on moto", .serialized, .enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"),
    .ownThread, .timeLimit(.minutes(2)))
struct SQSMotoTests {
    @Test(arguments: Conformance.checks(for: .sqsStandard))
    func aStandardQueueKeepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sqsStandard) }

    /// Those to which it makes a difference that a poll waits at the service.
    private static let polls = [
        "an empty queue meets its deadline", "a stop during receive is noticed", "a waiting receiver is woken by a message",
        "a long stream arrives whole", "what is left unsettled comes back",
    ].map { name in Conformance.checks(for: .sqsPolled).first { $0.description == name }! }

    @Test(arguments: polls)
    func aStandardQueueWhosePollsWaitKeepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sqsPolled) }

    @Test(arguments: Conformance.checks(for: .sqsFIFO))
    func aFIFOQueueKeepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sqsFIFO) }

    private func queue(fifo: Bool = false, _ options: String = "") throws -> SQSQueue {
        try SQSQueue(MotoServer.shared().endpoint, fifo: fifo, options: options)
    }

    @Test func attributesOfEveryTypeTravelAndTheirMD5Agrees() throws {
        let queue = try queue()
        var properties = MessageProperties()
        properties.attributes = [
            Attribute(name: "text", value: utf8("\u{e9}\u{1F600}")), Attribute(name: "n", type: "Number", value: utf8("-1.5")),
            Attribute(name: "raw", type: "Binary", value: [0, 255, 1]), Attribute(name: "own", type: "String.own", value: utf8("x")),
        ]
        #expect(try queue.send([utf8("x")], properties: [properties]).isEmpty)
        let found = try #require(try queue.drain(properties: true).first)
        #expect(found.properties.attributes.sorted { $0.name < $1.name } == properties.attributes.sorted { $0.name < $1.name })
        #expect(found.properties.attempts == 1 && found.properties.id != nil)
    }

    @Test func bytesThatNoTextHoldsGoInBase64AndComeBack() throws {
        let queue = try queue()
        let body = (0...255).map { UInt8($0) }
        var batch = Batch()
        batch.append(body)
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        let refusal = sender.refusal(in: batch, 0..<1)
        #expect(refusal?.error.code == .unsendable && refusal?.error.message.contains("offset 0") == true)
        #expect(try queue.send([body], ",base64").isEmpty)
        // What has properties, JSON input for one, chooses base64 by itself.
        #expect(try queue.send([body, utf8("plain")], properties: [MessageProperties(), MessageProperties()]).isEmpty)
        #expect(try Set(queue.drain().map(\.body)) == [body, utf8("plain")])
    }

    @Test func whatSQSCannotCarryIsNamedBeforeItIsSent() throws {
        let queue = try queue(fifo: true)
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        func refusal(_ body: [UInt8], _ change: (inout MessageProperties) -> Void = { _ in }) -> String {
            var batch = Batch()
            batch.append(body)
            var properties = MessageProperties()
            change(&properties)
            if properties != MessageProperties() { batch.setProperties(properties) }
            return sender.refusal(in: batch, 0..<1)?.error.message ?? "none"
        }
        #expect(refusal(utf8("fine")) == "none")
        #expect(refusal([]).contains("empty"))
        #expect(refusal([UInt8](repeating: 97, count: 1 << 21)).contains("exceed this queue's limit"))
        #expect(refusal([97]) { $0.attributes = (0..<11).map { Attribute(name: "a\($0)", value: [97]) } }.contains("11 attributes"))
        #expect(refusal([97]) { $0.attributes = [Attribute(name: "a", value: [])] }.contains("no value"))
        #expect(refusal([97]) { $0.attributes = [Attribute(name: "a", value: [0])] }.contains("offset 0"))
        #expect(refusal([97]) { $0.delay = .seconds(1) }.contains("FIFO"))
        #expect(refusal([97]) { $0.group = String(repeating: "g", count: 129) }.contains("129"))
    }

    @Test func eachRecordIsAMessageOfItsOwnOnAFIFOQueueAndAGivenIdentityIsKept() throws {
        let queue = try queue(fifo: true)
        try queue.send(Array(repeating: utf8("same"), count: 3))
        var properties = MessageProperties()
        properties.dedup = "once"
        try queue.send([utf8("a"), utf8("b")], properties: [properties, properties])
        #expect(try queue.drain().map(\.body) == Array(repeating: utf8("same"), count: 3) + [utf8("a")])
    }

    @Test func anyNumberOfMessagesAndSizesPassesInOneCall() throws {
        let queue = try queue()
        // Ten of these are more than one request may hold.
        let bodies = (0..<24).map { [UInt8](repeating: UInt8(97 + $0), count: $0 % 3 == 0 ? 60_000 : 100) }
        #expect(try queue.send(bodies).isEmpty)
        #expect(try Set(queue.drain(",receivers=1").map(\.body)) == Set(bodies))
    }

    @Test func aDeadLetterQueueIsMadeSeenAndEmptiedBackIntoItsSource() throws {
        let dead = try queue()
        let source = try queue(",dead-letter-queue=\(dead.name),max-receives=1,attr=MessageRetentionPeriod=600,tag=team=a")
        #expect(try source.count("max_receives") == .number(1))
        #expect(try source.count("retention") == .text("10m"))
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "a", value: utf8("b"))]
        try dead.send((0..<12).map { utf8("failed \($0)") }, properties: Array(repeating: properties, count: 12))
        var reports: [RedriveProgress] = []
        let moved = try dead.at().openAdmin(Opening(stop: dead.stop)).redrive(Redrive(), stop: dead.stop) { reports.append($0) }
        #expect(moved.moved == 12 && reports.last?.moved == 12)
        #expect(try dead.count() == .number(0))
        let back = try source.drain(properties: true)
        #expect(Set(back.map(\.body)) == Set((0..<12).map { utf8("failed \($0)") }))
        #expect(back.allSatisfy { $0.properties.attributes == properties.attributes })
    }

    @Test func aQueueThatDiffersFromWhatWasAskedForIsLeftAloneAndSaid() throws {
        let queue = try queue()
        #expect(try !queue.at(",attr=DelaySeconds=5").openAdmin(Opening(stop: queue.stop)).create(exclusive: false))
        #expect(try queue.count("delay") == .text("0s"))
        let typo = try queue.at(",attr=DelaySecond=5").openAdmin(Opening(stop: queue.stop))
        #expect(throws: TransportError.self) { try typo.create(exclusive: false) }
    }

    @Test func aMessageIsKeptWhileItIsHeldBeyondItsVisibility() throws {
        let queue = try queue()
        try queue.send([utf8("held")])
        let receiver = try queue.at(",visibility=1s,receivers=1").openReceiver(Opening(stop: queue.stop))
        var batch = Batch()
        #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop) == .received)
        let other = try queue.at(",receivers=1").openReceiver(Opening(stop: queue.stop))
        var none = Batch()
        #expect(
            try other.receive(into: &none, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(3)), stop: queue.stop) == .deadlinePassed)
        try receiver.settle(0..<1, as: .acknowledge)
        try receiver.close(until: .after(.seconds(5)), stop: queue.stop)
        #expect(receiver.closingRemarks.isEmpty)
        #expect(try queue.count() == .number(0) && queue.count("in_flight") == .number(0))
    }

    @Test func nobodyAtTheEndpointIsSaidSoon() throws {
        let start = Deadline.now()
        let transport = try SQSTransport.at("sqs:q", endpoint: "http://127.0.0.1:1")
        do {
            _ = try transport.openSender(Opening(stop: StopFlag()))
            Issue.record("opened")
        } catch {
            #expect(error.code == .unreachable)
        }
        #expect(Deadline.now() - start < 3_000_000_000)
    }

    private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
}
