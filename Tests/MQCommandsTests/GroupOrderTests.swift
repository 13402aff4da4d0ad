import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Of a group that keeps an order one message at a time is worked on, and what failed is not overtaken.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct GroupOrderTests {
    private func parcel() -> Parcel { Parcel(gap: Batch.Gap(), wantsProperties: true) }

    @Test func oneMessageOfAGroupAtATime() {
        var order = GroupOrder()
        let parcel = parcel()
        #expect(order.admit("a", parcel, 0) && order.admit("b", parcel, 1))
        #expect(!order.admit("a", parcel, 2) && !order.admit("a", parcel, 3) && !order.hasReady)
        order.goOn("a")
        let second = order.next()
        #expect(second?.index == 2 && !order.hasReady)
        order.goOn("b")
        let isFree = order.admit("b", parcel, 4)
        // The one behind it has not overtaken: both go back.
        let back = order.breakOff("a").map(\.index)
        let isFreeAgain = order.admit("a", parcel, 5)
        #expect(back == [3] && isFree && isFreeAgain)
    }

    @Test func whatHadNoRoomIsNextAgainAndTheEndTakesAllInOrder() {
        var order = GroupOrder()
        let parcel = parcel()
        for index in 0..<4 { _ = order.admit("a", parcel, index) }
        order.goOn("a")
        let place = order.next()!
        order.putBack(place)
        #expect(order.hasReady && order.takeAll().map(\.index) == [1, 2, 3])
        #expect(!order.hasReady && order.takeAll().isEmpty)
    }

    /// Three groups of a FIFO queue, of which some messages fail at first.
    @Test func aFIFOQueueIsWorkedOnInParallelAcrossItsGroups() throws {
        let queue = try SQSBroker(".fifo", ",wait=0s")
        let groups = ["a", "b", "c"]
        var batch = Batch()
        for number in 0..<8 {
            for group in groups {
                batch.append("\(group)\(number)".utf8)
                var properties = MessageProperties()
                (properties.group, properties.dedup) = (group, "\(group)\(number)")
                batch.setProperties(properties)
            }
        }
        try queue.send(batch)
        var done: [String] = []
        var mostOfAGroup = 0
        var underWay: [String: Int] = [:]
        let work = ScriptedWork(width: 6, delay: .milliseconds(3)) { body, attempt in
            underWay[String(body.prefix(1)), default: 0] -= 1
            if ["a2", "b0", "c7"].contains(body) && attempt == 1 { return .again(after: .zero) }
            done.append(body)
            return .done
        }
        work.beforeBegin = { body in
            underWay[String(body.prefix(1)), default: 0] += 1
            mostOfAGroup = max(mostOfAGroup, underWay[String(body.prefix(1))]!)
        }
        var opening = Opening(stop: StopFlag())
        opening.prefetch = 6
        var limits = Intake.Limits()
        (limits.count, limits.persistence) = (24, Persistence())
        let intake = Intake(
            try queue.transport.openReceiver(opening), of: queue.address, limits, for: work, deadLetters: nil, tally: Tally(), turn: Turn(),
            stop: StopFlag(), console: quiet)
        #expect(try intake.run().isSuccess)
        for group in groups { #expect(done.filter { $0.hasPrefix(group) } == (0..<8).map { "\(group)\($0)" }) }
        #expect(mostOfAGroup == 1 && work.mostAtOnce > 1)
        #expect(work.attempts.filter { $0.hasSuffix("#2") }.count >= 3)
    }
}
