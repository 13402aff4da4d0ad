import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Messages that pass a bridge: each arrives, or stays where it was, or is a dead letter.
@Suite(.timeLimit(.minutes(2)))
struct BridgeTests {
    @Test(arguments: [1, 10, 5000])
    func everythingArrivesOnceAndInOrder(count: Int) throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(count))
        #expect(try bridge.run().isSuccess)
        #expect(try bridge.destinations[0].bodies() == MemoryBridge.bodies(count))
        #expect(try bridge.source.bodies().isEmpty)
    }

    @Test func whatBothSidesCarryIsKept() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "kind", type: "Number", value: "7".bytes)]
        (properties.group, properties.dedup) = ("g", "d")
        try bridge.source.send(["a", "b"], properties)
        #expect(try bridge.run().isSuccess)
        for message in try bridge.destinations[0].drain() {
            #expect(message.properties.group == "g" && message.properties.dedup == "d")
            #expect(message.properties.attributes.first == properties.attributes[0])
            #expect(message.properties.attributes.last == Attribute(name: "mq-hops", type: "Number", value: "1".bytes))
        }
    }

    @Test(arguments: [1, 7, 321, 999])
    func aCountIsExactAndTheRestStays(count: Int) throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(1000))
        #expect(try bridge.run { $0.session.count = count }.isSuccess)
        let moved = try bridge.destinations[0].bodies(), left = try bridge.source.bodies()
        #expect(moved.count == count && (moved + left).sorted() == MemoryBridge.bodies(1000).sorted())
    }

    /// As for every verb that works: a drain that finds nothing has done all there was. A wait in vain is another matter.
    @Test func anEmptySourceIsDrainedAndAWaitInVainIsTheNegativeAnswer() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        #expect(try bridge.run().isSuccess)
        let waiting = try bridge.run { ($0.session.drains, $0.session.timeout) = (false, .milliseconds(1)) }
        #expect(waiting.sentence == "no message within 1ms")
        let idle = try bridge.run { ($0.session.drains, $0.session.persistence.idle) = (false, .milliseconds(1)) }
        #expect(idle.isSuccess)
        #expect(try bridge.run { $0.session.count = 1 }.sentence == "0 of 1 message done")
    }

    /// Wherever the connection breaks, again and again, and however late its confirmations are.
    @Test(arguments: [2, 3, 50, 499], [0, 1, 100])
    func nothingIsLostWhenTheDestinationBreaks(at place: Int, lag: Int) throws {
        var made = Faults()
        (made.breakAt, made.confirmLag, made.faultyOpenings) = (place, lag, 3)
        let faults = made, bridge = try MemoryBridge { FaultyTransport($1, faults) }
        defer { bridge.cleanUp() }
        let all = MemoryBridge.bodies(500)
        try bridge.source.send(all)
        #expect(try bridge.run().isSuccess)
        let moved = try bridge.destinations[0].bodies()
        #expect(Set(moved) == Set(all) && moved.count >= all.count)
        if lag == 0 { #expect(moved.count == all.count) }
        #expect(try bridge.source.bodies().isEmpty)
    }

    /// Nobody is there the first times.
    private static func late(_ base: any Transport, failures: Int) -> FaultyTransport {
        var faults = Faults()
        faults.failedOpenings = failures
        return FaultyTransport(base, faults)
    }

    @Test func aDestinationThatComesLateIsWaitedFor() throws {
        let bridge = try MemoryBridge { Self.late($1, failures: 3) }
        defer { bridge.cleanUp() }
        try bridge.source.send(["a", "b"])
        #expect(try bridge.run().isSuccess)
        #expect(try bridge.destinations[0].bodies() == ["a", "b"])
    }

    @Test func aDestinationThatNeverComesIsGivenUpAndNothingIsTaken() throws {
        let bridge = try MemoryBridge { Self.late($1, failures: .max) }
        defer { bridge.cleanUp() }
        try bridge.source.send(["a", "b"])
        let error = failure { try bridge.run { $0.session.retry = .milliseconds(100) } }
        #expect(error?.code == .unreachable)
        #expect(error?.message == "destination \(bridge.destinations[0].name): connection refused")
        #expect(try bridge.source.bodies().sorted() == ["a", "b"])
    }

    @Test func whatTheDestinationRefusesStopsTheBridgeAndStays() throws {
        let bridge = try MemoryBridge(",max-message=8")
        defer { bridge.cleanUp() }
        try bridge.source.send(["ok", "too long for it"])
        let error = failure { try bridge.run() }
        #expect(error?.code == .unsendable)
        #expect(try bridge.destinations[0].bodies() == ["ok"])
        #expect(try bridge.source.bodies() == ["too long for it"])
    }

    @Test(arguments: [0, 100])
    func whatTheDestinationRefusesGoesToTheDeadLetters(lag: Int) throws {
        var made = Faults()
        (made.rejectEvery, made.confirmLag) = (3, lag)
        let faults = made, bridge = try MemoryBridge { FaultyTransport($1, faults) }
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(30))
        #expect(try bridge.run(buries: true).isSuccess)
        let moved = try bridge.destinations[0].bodies(), dead = try bridge.dead.bodies()
        #expect(dead.count == 10 && (moved + dead).sorted() == MemoryBridge.bodies(30).sorted())
        #expect(try bridge.source.bodies().isEmpty)
    }

    /// Accepted by the queue and dropped: it had this very message within five minutes.
    @Test func whatAFIFOQueueWouldDropIsRefused() throws {
        SQSBroker.setIdentity()
        let server = try SQSStandIn()
        defer { server.stop() }
        server.createQueue("jobs.fifo", attributes: ["FifoQueue": "true"])
        let transport = try ResolvedAddress("sqs:jobs.fifo,endpoint=\(server.endpoint)", options: []).transport()
        func send(_ properties: MessageProperties) throws -> [TransportError.Code] {
            let sender = try transport.openSender(Opening(stop: StopFlag()))
            var batch = Batch()
            batch.append("job".utf8)
            batch.setProperties(properties)
            _ = try sender.send(batch, 0..<1, until: .after(.seconds(20)), stop: StopFlag())
            return sender.takeRejections().map { $0.error.code }
        }
        var properties = MessageProperties()
        (properties.group, properties.dedup) = ("g", "d")
        let first = try send(properties)
        #expect(first.isEmpty)
        let receiver = try transport.openReceiver(Opening(stop: StopFlag()))
        var batch = Batch()
        batch.wantsProperties = true
        _ = try receiver.receive(into: &batch, limit: 1, byteLimit: .max, until: .after(.seconds(20)), stop: StopFlag())
        try receiver.settle(0..<1, as: .acknowledge)
        var own = batch.properties(of: 0)
        let again = try send(own)
        #expect(again == [.duplicate])
        own.dedup = "another"
        let renewed = try send(own)
        #expect(renewed.isEmpty)
    }

    // MARK: - Several destinations

    @Test func aCopyGoesToEveryDestination() throws {
        let bridge = try MemoryBridge(destinations: 3)
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(1000))
        #expect(try bridge.run { $0.work.copies = true }.isSuccess)
        for destination in bridge.destinations { #expect(try destination.bodies() == MemoryBridge.bodies(1000)) }
        #expect(try bridge.source.bodies().isEmpty)
    }

    @Test func aCopyThatOneDestinationLosesComesAgain() throws {
        var made = Faults()
        (made.breakAt, made.faultyOpenings) = (30, 2)
        let faults = made, bridge = try MemoryBridge(destinations: 2) { $0 == 0 ? FaultyTransport($1, faults) : $1 }
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(200))
        #expect(try bridge.run { $0.work.copies = true }.isSuccess)
        #expect(try bridge.destinations[0].bodies().sorted() == MemoryBridge.bodies(200).sorted())
        #expect(try bridge.destinations[1].bodies() == MemoryBridge.bodies(200))
    }

    @Test func eachMessageGoesToOneOfSeveral() throws {
        let bridge = try MemoryBridge(destinations: 3)
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(3000))
        #expect(try bridge.run().isSuccess)
        let each = try bridge.destinations.map { try $0.bodies() }
        #expect(each.allSatisfy { $0.count > 300 })
        #expect(each.flatMap { $0 }.sorted() == MemoryBridge.bodies(3000).sorted())
    }

    @Test(arguments: [0, 1])
    func oneThatIsDownDoesNotHoldUpTheOthers(retries: Int) throws {
        let bridge = try MemoryBridge(destinations: 2) { $0 == 0 ? Self.late($1, failures: .max) : $1 }
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(2000))
        let ending = try bridge.run { $0.session.retry = retries == 0 ? .zero : nil }
        #expect(ending.isSuccess)
        #expect(try bridge.destinations[1].bodies().sorted() == MemoryBridge.bodies(2000).sorted())
    }

    // MARK: - What goes and what does not

    @Test func onlyWhatTheConditionsHoldOfGoes() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "kind", value: "order".bytes)]
        try bridge.source.send(["a1", "b2"], properties)
        try bridge.source.send(["a3"])
        let conditions = [try MessageCondition(parsing: "attr.kind=order")], pattern = try BodyPattern("^a[0-9]+$")
        #expect(
            try bridge.run {
                $0.work.conditions = conditions
                $0.work.pattern = pattern
            }.isSuccess)
        #expect(try bridge.destinations[0].bodies() == ["a1"])
        #expect(try bridge.source.bodies().isEmpty)
    }

    @Test func aLoopEnds() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "mq-hops", type: "Number", value: "3".bytes)]
        try bridge.source.send(["round and round"], properties)
        _ = try bridge.run(buries: true) { $0.work.marks.maxHops = 3 }
        #expect(try bridge.dead.bodies() == ["round and round"] && bridge.destinations[0].bodies().isEmpty)
    }

    @Test func aRehearsalMovesNothing() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(50))
        #expect(
            try bridge.run {
                ($0.work.isDry, $0.session.peeks) = (true, true)
            }.isSuccess)
        #expect(try bridge.source.bodies().count == 50 && bridge.destinations[0].bodies().isEmpty)
    }

    @Test func aRateIsKept() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(60))
        let start = Deadline.now()
        #expect(try bridge.run { $0.work.pace = 300 }.isSuccess)
        #expect(Deadline.now() - start >= 190_000_000)
        #expect(try bridge.destinations[0].bodies().count == 60)
    }

    // MARK: - Commands

    @Test(arguments: [Framing.len32, .lines, .netstring, .jsonl])
    func aMapThatChangesNothingLosesNothing(framing: Framing) throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(MemoryBridge.bodies(500))
        #expect(try bridge.run { $0.sieve = BridgeSieve.Plan(command: ["cat"], framing: framing, maps: true) }.isSuccess)
        #expect(try bridge.destinations[0].bodies() == MemoryBridge.bodies(500))
        #expect(try bridge.source.bodies().isEmpty)
    }

    @Test func aFilterLeavesOutWhatItAnswersWithNothing() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send((0..<100).map { "\($0)" })
        let command = ["sed", "-u", "-e", "/[13579]$/s/.*//"]
        #expect(try bridge.run { $0.sieve = BridgeSieve.Plan(command: command, framing: .lines) }.isSuccess)
        #expect(try bridge.destinations[0].bodies() == (0..<50).map { "\($0 * 2)" })
        #expect(try bridge.source.bodies().isEmpty)
    }

    /// The command answers a few and ends, in the middle of an answer: the message in hand goes back, and comes again.
    @Test func aCommandThatDiesLosesNothing() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        let all = (0..<40).map { "message \($0)" }
        try bridge.source.send(all)
        var moved: [String] = []
        for _ in 0..<20 where moved.count < all.count {
            _ = try bridge.run { $0.sieve = BridgeSieve.Plan(command: ["dd", "bs=1", "count=150", "status=none"], maps: true) }
            moved += try bridge.destinations[0].bodies()
        }
        #expect(moved.sorted() == all.sorted())
        #expect(try bridge.source.bodies().isEmpty)
    }

    @Test func aCommandThatAnswersNothingStopsTheBridge() throws {
        let bridge = try MemoryBridge()
        defer { bridge.cleanUp() }
        try bridge.source.send(["a", "b", "c"])
        let error = failure { try bridge.run { $0.sieve = BridgeSieve.Plan(command: ["false"]) } }
        #expect(error?.message.contains("'false' ended 5 times without an answer") == true)
        // What failed is there again after its back-off.
        var left: [String] = []
        #expect(
            try eventually {
                left += try bridge.source.bodies()
                return left.count >= 3
            })
        #expect(try left.sorted() == ["a", "b", "c"] && bridge.destinations[0].bodies().isEmpty)
    }
}
