import MQCore
import Testing

@testable import MQCommands

@Suite("What waits to be tried again", .timeLimit(.minutes(1)))
struct HeldMessagesTests {
    /// A parcel with messages at the positions from 0, each kept in one of its own.
    private static func parcels(_ bodies: String...) -> [Parcel] {
        let received = Parcel(gap: Batch.Gap(), wantsProperties: true)
        for body in bodies { Array(body.utf8).withUnsafeBytes { received.batch.append($0) } }
        return bodies.indices.map { Parcel(keeping: received, $0, attempts: $0 + 2) }
    }

    @Test func comesBackWhenItIsDueAndNotBefore() {
        var held = HeldMessages()
        for (parcel, due) in zip(Self.parcels("late", "soon", "soon too"), [300, 100, 100] as [UInt64]) { held.hold(parcel, until: due) }
        #expect(held.count == 3 && held.due == Deadline(nanoseconds: 100))
        // Of two with the same moment the one that was put there first.
        var came: [Int?] = []
        for now in [99, 100, 100, 299] as [UInt64] { came.append(held.next(now: now)?.first) }
        #expect(came == [nil, 1, 2, nil] && held.due == Deadline(nanoseconds: 300))
        let last = held.next(now: 1000)
        #expect(last?.first == 0 && last?.batch.properties(of: 0).attempts == 2)
        #expect(held.count == 0 && held.due == .never && held.allRunning.map(\.first) == [0, 1, 2])
    }

    @Test func whatCouldNotBeginIsTheNextAgain() throws {
        var held = HeldMessages()
        for parcel in Self.parcels("a", "b") { held.hold(parcel, until: 10) }
        let next = held.next(now: 10)
        let first = try #require(next)
        held.putBack(first)
        #expect(held.running(at: first.first) == nil)
        #expect(held.due == Deadline(nanoseconds: 0))
        let again = held.next(now: 0)
        #expect(again?.first == first.first)
        held.release(first)
        #expect(!held.hasRunning)
        let waiting = held.takeWaiting()
        #expect(waiting.map(\.first) == [1] && held.count == 0)
    }
}
