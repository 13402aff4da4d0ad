import MQCore
import Testing

@testable import MQCommands

/// URLs in turn, and what is left out of it until it answers again.
@Suite(.timeLimit(.minutes(1)))
struct PostTargetsTests {
    private static let second: UInt64 = 1_000_000_000

    private func targets(_ count: Int, width: Int, _ change: (inout PostTargets.Plan) -> Void = { _ in }) -> PostTargets {
        var plan = PostTargets.Plan(width: width)
        change(&plan)
        return PostTargets(count: count, plan, now: 0)
    }

    @Test func messagesGoToEachURLInTurn() {
        var targets = targets(3, width: 6)
        #expect((0..<6).map { _ in targets.pick(now: 0) } == [0, 1, 2, 0, 1, 2])
        #expect(targets.pick(now: 0) == nil && targets.room(now: 0) == 0)
        #expect(targets.ended(1, .well, after: .zero, now: 0) == nil)
        #expect(targets.room(now: 0) == 1 && targets.pick(now: 0) == 1)
    }

    @Test func oneThatHangsHoldsNoMoreThanItsShare() {
        var targets = targets(2, width: 10)
        // The first never answers.
        var hung = 0
        for _ in 0..<1000 {
            guard let target = targets.pick(now: 0) else { break }
            if target == 0 { hung += 1 } else { _ = targets.ended(1, .well, after: .zero, now: 0) }
        }
        #expect(hung == 5 && targets.room(now: 0) == 5)
    }

    @Test func aURLWithoutAnyoneThereRestsTwiceAsLongEachTimeAndIsTriedWithOneMessage() {
        var (targets, now) = (targets(1, width: 4), UInt64(0))
        for (turn, seconds) in [1, 2, 4, 8, 16, 32, 64, 64].enumerated() {
            #expect(targets.room(now: now) == (turn == 0 ? 4 : 1))
            #expect(targets.pick(now: now) == 0)
            if turn > 0 { #expect(targets.pick(now: now) == nil) }
            #expect(targets.ended(0, .absent, after: .zero, now: now) == .rests(.seconds(seconds)))
            #expect(targets.room(now: now) == 0 && targets.pick(now: now) == nil)
            #expect(targets.due(now: now) == Deadline(nanoseconds: now + UInt64(seconds) * Self.second))
            now += UInt64(seconds) * Self.second
            // Nothing to wake up for: it waits for a message.
            #expect(targets.due(now: now).isNever)
        }
        #expect(targets.pick(now: now) == 0)
        #expect(targets.ended(0, .well, after: .zero, now: now) == .isWell)
        #expect(targets.room(now: now) == 4)
    }

    @Test func aMessageMayFailWithoutStoppingTheOnlyURL() {
        var targets = targets(1, width: 1)
        for sign in [PostTargets.Sign.ailing, .ailing, .well, .ailing, .ailing] {
            #expect(targets.pick(now: 0) == 0)
            #expect(targets.ended(0, sign, after: .seconds(1), now: 0) == nil)
        }
        #expect(targets.pick(now: 0) == 0)
        #expect(targets.ended(0, .ailing, after: .seconds(1), now: 0) == .rests(.seconds(1)))
    }

    /// One request at a time, one of two URLs hangs: its tries take at most a tenth of the time.
    @Test func aTryOfOneThatHangsIsRare() {
        var (targets, now, hung, served) = (targets(2, width: 1), UInt64(0), UInt64(0), UInt64(0))
        while now < 3600 * Self.second {
            let target = targets.pick(now: now)!
            let time = target == 0 ? 5 * Self.second : Self.second / 10
            now += time
            if target == 0 { hung += time } else { served += time }
            _ = targets.ended(target, target == 0 ? .ailing : .well, after: .nanoseconds(Int64(time)), now: now)
        }
        #expect(Double(hung) / Double(hung + served) < 0.1, "\(hung / Self.second) s of \(now / Self.second)")
    }

    @Test func nothingIsPostedBeforeTheURLIsWell() {
        var targets = targets(2, width: 4) { $0.asksHealth = true }
        #expect(targets.room(now: 0) == 0 && targets.pick(now: 0) == nil)
        #expect(targets.toAsk(now: 0) == [0, 1] && targets.toAsk(now: 0) == [])
        #expect(targets.answered(0, isWell: false, now: 0) == .rests(.seconds(1)))
        #expect(targets.room(now: 0) == 0 && targets.toAsk(now: Self.second - 1) == [])
        #expect(targets.answered(1, isWell: true, now: 0) == .isWell)
        // It takes what the other cannot.
        #expect(targets.room(now: 0) == 4 && targets.pick(now: 0) == 1)
        #expect(targets.toAsk(now: Self.second) == [0])
        #expect(targets.answered(0, isWell: true, now: Self.second) == .isWell)
        #expect(targets.pick(now: Self.second) == 0)
    }

    @Test func oneThatFailsIsAskedForItsHealthBeforeItGetsMore() {
        var targets = targets(1, width: 2) { $0.asksHealth = true }
        _ = targets.toAsk(now: 0)
        _ = targets.answered(0, isWell: true, now: 0)
        #expect(targets.pick(now: 0) == 0 && targets.pick(now: 0) == 0)
        #expect(targets.ended(0, .absent, after: .zero, now: 0) == .rests(.seconds(1)))
        // What was under way may still be answered; only its health counts.
        #expect(targets.ended(0, .well, after: .zero, now: 0) == nil)
        #expect(targets.room(now: 10 * Self.second) == 0)
        #expect(targets.toAsk(now: Self.second) == [0])
    }

    @Test func theTimeWithoutAURLThatIsWellHasALimit() {
        var targets = targets(1, width: 1) {
            $0.asksHealth = true
            $0.limit = .seconds(3)
        }
        _ = targets.toAsk(now: 0)
        _ = targets.answered(0, isWell: false, now: 0)
        #expect(!targets.isOverLimit(now: 3 * Self.second - 1) && targets.isOverLimit(now: 3 * Self.second))
        #expect(targets.due(now: 0) == Deadline(nanoseconds: Self.second))
        _ = targets.toAsk(now: Self.second)
        #expect(targets.due(now: Self.second) == Deadline(nanoseconds: 3 * Self.second))
        _ = targets.answered(0, isWell: true, now: 2 * Self.second)
        #expect(!targets.isOverLimit(now: 9 * Self.second) && targets.due(now: 9 * Self.second).isNever)
    }
}
