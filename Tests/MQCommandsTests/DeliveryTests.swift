import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@testable import MQCommands

/// What a delivery promises to all that send through it.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct DeliveryTests {
    private let fixture = Fixture()

    private func batch(_ bodies: [String]) -> Batch {
        var batch = Batch()
        for body in bodies { batch.append(body.utf8) }
        return batch
    }

    @Test func everyMessageGetsAVerdictByItsPosition() throws {
        let queue = try MemoryBroker(fixture, ",max-message=4")
        var limits = Delivery.Limits()
        (limits.skipsRefused, limits.skipsEmpty) = (true, true)
        let delivery = Delivery(try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor, limits)
        for _ in 0..<2 { #expect(try delivery.hand(batch(["a", "too long", "", "b"]), 0..<4, stop: StopFlag()) == 4) }
        var refused: [Int] = []
        var done: [Int] = []
        for verdict in delivery.verdicts() {
            if case .refused(let error) = verdict.fate {
                #expect(error.code == .unsendable)
                refused += verdict.positions
            } else {
                done += verdict.positions
            }
        }
        #expect(refused == [1, 5] && done == [0, 2, 3, 4, 6, 7])
        #expect(delivery.verdicts().isEmpty)
        #expect(delivery.handed == 8 && delivery.acknowledged == 4 && delivery.skipped == 4 && delivery.firstOpen == 8)
        #expect(try queue.bodies() == ["a", "b", "a", "b"])
    }

    @Test func attributesAreAddedForTheTimeOfSending() throws {
        let queue = try MemoryBroker(fixture)
        let delivery = Delivery(try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor)
        var letters = batch(["a", "b"])
        let own = Attribute(name: "own", value: Array("1".utf8))
        var properties = MessageProperties()
        properties.attributes = [own]
        letters.setProperties(properties)
        let start = letters.start(of: 0)
        let reason = { (properties: MessageProperties) in
            [Attribute(name: "mq-reason", value: Array("\(properties.attributes.count) before".utf8))]
        }
        #expect(try delivery.hand(&letters, 0..<2, adding: reason, stop: StopFlag()) == 2)
        #expect(letters.properties(of: 0).attributes.isEmpty && letters.properties(of: 1).attributes == [own])
        #expect(letters.start(of: 0) == start, "no body is copied")
        let arrived = try queue.drain()
        #expect(arrived.map(\.body) == ["a", "b"])
        #expect(arrived.map(\.properties.attributes) == [reason(MessageProperties()), [own] + reason(properties)])
    }

    /// A queue that is full takes what fits, counts it at once, says why it waits, and gives up after the timeout.
    @Test func aFullQueueSaysSo() throws {
        let queue = try MemoryBroker(fixture, ",depth=4")
        let said = Mutex<[Notice]>([])
        var limits = Delivery.Limits()
        (limits.slice, limits.timeout) = (.milliseconds(20), .milliseconds(1500))
        let counters = Counters()
        let delivery = Delivery(
            try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor, limits, counters: counters,
            notices: Notices { notice in said.withLock { $0.append(notice) } })
        var slices = 0
        delivery.betweenSlices = { slices += 1 }
        let messages = batch((0..<10).map { "\($0)" })
        let error = failure { try delivery.hand(messages, 0..<10, stop: StopFlag()) }
        #expect(error?.message == "the queue is full; waited 1.5s" && error?.remedy == .wait)
        #expect(said.withLock { $0 } == [.warning("waiting: the queue is full; nothing receives")])
        #expect(slices > 10, "the owner may look after other things")
        #expect(counters.messages.load(ordering: .relaxed) == 4)
        #expect(delivery.firstOpen == 4 && delivery.acknowledged == 4)
    }

    @Test func aTimeoutOfNothingIsNotSpokenOf() throws {
        let queue = try MemoryBroker(fixture, ",depth=4")
        var limits = Delivery.Limits()
        (limits.slice, limits.timeout) = (.milliseconds(20), .zero)
        let delivery = Delivery(try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor, limits)
        let messages = batch((0..<10).map { "\($0)" })
        #expect(failure { try delivery.hand(messages, 0..<10, stop: StopFlag()) }?.message == "the queue is full")
    }

    /// A service takes longer to answer than a slice: that is no failure of who waits in slices, only of who has no more time.
    @Test func anAnswerMayTakeLongerThanASlice() throws {
        let queue = try SQSBroker()
        queue.server.change { $0.delay = .milliseconds(150) }
        var limits = Delivery.Limits()
        (limits.slice, limits.timeout) = (.milliseconds(20), .seconds(20))
        let messages = batch((0..<25).map { "\($0)" })
        let patient = Delivery(try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor, limits)
        #expect(try patient.hand(messages, 0..<25, stop: StopFlag()) == 25)
        while patient.inDoubt > 0 { try patient.progress(until: .after(.milliseconds(20)), stop: StopFlag()) }
        #expect(patient.acknowledged == 25)
        #expect(try patient.offer(messages, 0..<25, until: .after(.milliseconds(20)), stop: StopFlag()) == 25)
        try patient.finish(until: .after(.seconds(20)), stop: StopFlag())
        #expect(patient.acknowledged == 50)

        (limits.slice, limits.timeout) = (nil, .milliseconds(30))
        let hasty = Delivery(try queue.transport.openSender(Opening(stop: StopFlag())), of: queue.address.descriptor, limits)
        #expect(failure { try hasty.hand(messages, 0..<1, stop: StopFlag()) }?.message == "no answer for 1 message in time")
    }
}
