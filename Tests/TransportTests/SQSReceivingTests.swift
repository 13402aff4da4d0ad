import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

/// Receiving from a service that is slow, silent, or counts its requests.
@Suite("sqs: receiving", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct SQSReceivingTests {
    private func filled(_ count: Int, _ options: String = "", fifo: Bool = false) throws -> (server: SQSStandIn, queue: SQSQueue) {
        let server = try SQSStandIn()
        let queue = try SQSQueue(server.endpoint, fifo: fifo)
        try queue.send((0..<count).map { Array("m\($0)".utf8) })
        return (server, queue)
    }

    private func opening(_ queue: SQSQueue, total: Int? = nil, drains: Bool = false, _ mode: ReceiveMode = .consume) -> Opening {
        var opening = Opening(stop: queue.stop)
        (opening.total, opening.prefetch) = (total, total == .max ? nil : total)
        (opening.endsWhenEmpty, opening.mode) = (drains, mode)
        return opening
    }

    // MARK: - Peeking

    @Test func whatWasShownIsVisibleAgainAtOnceEveryTime() throws {
        let (server, queue) = try filled(12)
        for round in 0..<40 {
            let count = round % 12 + 1
            let receiver = try queue.at().openReceiver(opening(queue, total: count, .peek))
            var batch = Batch()
            while batch.count < count {
                let limit = count - batch.count
                try #require(
                    try receiver.receive(into: &batch, limit: limit, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop)
                        == .received)
            }
            try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
            #expect(server.inFlight(in: queue.name) == 0, "round \(round)")
        }
    }

    // MARK: - Silence

    @Test func aServiceThatNeverAnswersIsNotAnEmptyQueue() throws {
        let (server, queue) = try filled(1)
        server.change { $0.operations["ReceiveMessage"] = .hang }
        let hands = HandClocks(wall: WallClock.now())
        var opening = opening(queue, total: .max, drains: true)
        opening.clocks = hands.clocks
        let receiver = try queue.at().openReceiver(opening)
        var batch = Batch()
        func outcome(_ limit: Duration) throws(TransportError) -> Outcome {
            try receiver.receive(into: &batch, limit: .max, byteLimit: 1 << 16, until: .after(limit), stop: queue.stop)
        }
        // Half a second is no reason to doubt that it answers: it may be, and nothing is there.
        #expect(try outcome(.milliseconds(100)) == .deadlinePassed)
        #expect(eventually { server.requests["ReceiveMessage"] == 1 })
        hands.advance(.seconds(30))
        let error = #expect(throws: TransportError.self) { try outcome(.milliseconds(20)) }
        #expect(
            error?.code == .tryAgain && error?.message == "SQS has not answered for 30s: whether the queue is empty is unknown", "\(error)")
        try? receiver.close(until: .after(.milliseconds(300)), stop: StopFlag())
    }

    @Test func anEmptyQueueIsEmptyAndAWaitThatWasAnsweredIsOver() throws {
        let (server, queue) = try filled(0)
        defer { withExtendedLifetime(server) {} }
        var batch = Batch()
        let drain = try queue.at(",wait=0s").openReceiver(opening(queue, total: .max, drains: true))
        #expect(try drain.receive(into: &batch, limit: .max, byteLimit: 1, until: .after(.seconds(20)), stop: queue.stop) == .ended)
        let plain = try queue.at().openReceiver(opening(queue))
        for time in [50, 700, 1600] {
            let outcome = try plain.receive(
                into: &batch, limit: 1, byteLimit: 1, until: .after(.milliseconds(Int64(time))), stop: queue.stop)
            #expect(outcome == .deadlinePassed, "\(time) ms")
        }
    }

    // MARK: - While messages are held

    /// A message of SQS is another receiver's after 30 seconds, unless more is asked for.
    @Test func whatIsHeldIsKeptLongBeforeItsVisibilityEnds() throws {
        let (server, queue) = try filled(1)
        let hands = HandClocks(wall: WallClock.now())
        var opening = opening(queue, total: 1)
        opening.clocks = hands.clocks
        let receiver = try queue.at().openReceiver(opening)
        var batch = Batch()
        #expect(
            try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop) == .received)
        for round in 1...3 {
            // From when the last answer was read.
            var held = Duration.zero
            while !eventually(within: .milliseconds(20), { server.requests["ChangeMessageVisibilityBatch"] == round }), held < .seconds(30)
            {
                hands.advance(.seconds(3))
                held += .seconds(3)
            }
            #expect(held >= .seconds(15) && held < .seconds(30), "\(round): \(held)")
        }
        try receiver.settle(0..<1, as: .acknowledge)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.bodies(in: queue.name) == [] && receiver.closingRemarks.isEmpty)
    }

    // MARK: - Requests are money

    @Test func aDrainIntoAPipeCostsNoMoreRequestsThanOneIntoAFile() throws {
        let (server, queue) = try filled(200)
        let before = server.requests
        let receiver = try queue.at(",wait=0s").openReceiver(opening(queue, total: .max, drains: true))
        var batch = Batch()
        var (received, allowance) = (0, 1)
        while true {
            batch.removeAll()
            let outcome = try receiver.receive(
                into: &batch, limit: allowance, byteLimit: 1 << 17, until: .after(.seconds(10)), stop: queue.stop)
            guard outcome == .received else { break }
            usleep(500)
            try receiver.settle(last: batch.count, as: .acknowledge)
            received += batch.count
            if received >= 16 { allowance *= 2 }
        }
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        let after = server.requests
        let cost = after.values.reduce(0, +) - before.values.reduce(0, +)
        #expect(received == 200 && server.bodies(in: queue.name)?.isEmpty == true)
        #expect(cost <= 50, "\(after)")
    }

    @Test func aReaderThatGoesAfterTheFirstLineLeavesTheRest() throws {
        let (server, queue) = try filled(30)
        let receiver = try queue.at().openReceiver(opening(queue, total: .max))
        var batch = Batch()
        #expect(
            try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop) == .received)
        #expect(batch.count == 1)
        try receiver.settle(0..<1, as: .acknowledge)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        #expect(server.bodies(in: queue.name)?.count == 29 && server.inFlight(in: queue.name) == 0)
    }

    // MARK: - The end

    @Test func aSlowDeleteIsWaitedForUnlessThePersonIsInAHurry() throws {
        for isHurried in [false, true] {
            let (server, queue) = try filled(10)
            let receiver = try queue.at().openReceiver(opening(queue, total: 10))
            var batch = Batch()
            while batch.count < 10 {
                _ = try receiver.receive(
                    into: &batch, limit: 10 - batch.count, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop)
            }
            server.change { $0.operations["DeleteMessageBatch"] = .late(.seconds(isHurried ? 3 : 2)) }
            try receiver.settle(0..<10, as: .acknowledge)
            let stop = StopFlag()
            if isHurried { stop.raise() }
            let start = Deadline.now()
            do {
                try receiver.close(until: .after(.seconds(10)), stop: stop)
                #expect(!isHurried)
            } catch {
                #expect(isHurried && error.code == .tryAgain, "\(error)")
            }
            #expect(Deadline.now() - start < (isHurried ? 2_500_000_000 : 6_000_000_000))
        }
    }

    @Test func aDeleteThatIsAnsweredInAnotherProtocolIsNotRepeated() throws {
        let (server, queue) = try filled(3)
        let receiver = try queue.at().openReceiver(opening(queue, total: 3))
        var batch = Batch()
        while batch.count < 3 {
            _ = try receiver.receive(into: &batch, limit: 3 - batch.count, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: queue.stop)
        }
        server.change { $0.operations["DeleteMessageBatch"] = .foreign }
        try receiver.settle(0..<3, as: .acknowledge)
        do {
            try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
            Issue.record("closed")
        } catch {
            #expect(error.code == .protocolViolation, "\(error)")
        }
        #expect(server.requests["DeleteMessageBatch"] == 1)
    }
}
