import MQCore
import Testing

@testable import TransportNSQ

/// `#expect` lends what it looks at, and what changes its value cannot be lent.
private func expect(_ isTrue: Bool, sourceLocation: SourceLocation = #_sourceLocation) { #expect(isTrue, sourceLocation: sourceLocation) }

/// Who is connected and who is tried again when, without a socket and without a clock.
@Suite("nsq: who is to be connected", .timeLimit(.minutes(1)))
struct NSQRosterTests {
    private static let second: UInt64 = 1_000_000_000
    private let a = Route(.tcp(host: "a", port: 4150))
    private let b = Route(.tcp(host: "b", port: 4150))
    private let broken = TransportError(.unreachable, "connection closed by peer", errno: 0, isRetriable: true)
    private let full = TransportError(.tryAgain, "no space left on device", isRetriable: true)

    private func roster(retry: Duration? = .seconds(3), needed: Int = 1, _ peers: Route...) -> Roster {
        var roster = Roster(retry: retry, needed: needed)
        roster.jitter = { 1 }
        for peer in peers { roster.began(with: peer) }
        return roster
    }

    /// When the connector would try next, in seconds.
    private func next(_ roster: Roster, at now: UInt64) -> Double? {
        switch roster.next(at: now) {
        case .connect: Double(now) / 1e9
        case .sleep(let until): until.isNever ? nil : Double(until.nanoseconds) / 1e9
        }
    }

    @Test func aConnectionThatOpensIsNoSuccessAndPausesGrowUntilAnAcknowledgement() {
        var roster = roster(a)
        var now = Self.second
        var pauses: [Double] = []
        var warnings = 0
        for _ in 0..<10 {
            for action in roster.lost(a, full, wasSound: false, at: now) { if case .warn = action { warnings += 1 } }
            let due = next(roster, at: now) ?? -1
            pauses.append(due - Double(now) / 1e9)
            now = UInt64(due * 1e9) + 1
            expect(roster.connected(a))
        }
        #expect(pauses[0] == 0)
        for (pause, expected) in zip(pauses.dropFirst(), [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15]) {
            #expect(abs(pause - expected) < 1e-6)
        }
        #expect(warnings == 1)
        roster.acknowledged(a)
        _ = roster.lost(a, full, wasSound: true, at: now)
        #expect(next(roster, at: now) == Double(now) / 1e9)
    }

    @Test func theTimeHoldsThoughConnectionsOpenAndTheLastWordIsWhatBrokeThem() throws {
        var roster = roster(retry: .seconds(3), a)
        _ = roster.lost(a, full, wasSound: false, at: 10 * Self.second)
        #expect(roster.verdict(at: 10 * Self.second) == nil)
        expect(roster.connected(a))
        #expect(roster.verdict(at: 20 * Self.second) == nil)
        _ = roster.lost(a, full, wasSound: false, at: 12 * Self.second)
        #expect(roster.limit == Deadline(nanoseconds: 13 * Self.second))
        _ = roster.failed(a, broken, at: 12 * Self.second)
        #expect(roster.verdict(at: 13 * Self.second + 1)?.message == full.message)
    }

    @Test func theTimeBeginsAnewAfterAnAcknowledgement() {
        var roster = roster(retry: .seconds(3), a)
        _ = roster.lost(a, full, wasSound: false, at: 10 * Self.second)
        expect(roster.connected(a))
        roster.acknowledged(a)
        _ = roster.lost(a, broken, wasSound: true, at: 60 * Self.second)
        #expect(roster.limit == Deadline(nanoseconds: 63 * Self.second))
    }

    @Test func withoutRetryTheLastConnectionIsTheEndAndOthersStandInForOne() {
        var roster = roster(retry: nil, a, b)
        _ = roster.lost(a, broken, wasSound: true, at: Self.second)
        #expect(roster.verdict(at: Self.second) == nil && next(roster, at: Self.second) == 1)
        _ = roster.lost(b, broken, wasSound: true, at: 2 * Self.second)
        #expect(roster.verdict(at: 2 * Self.second)?.message == broken.message)
    }

    @Test func copiesNeedEveryConnection() {
        var roster = roster(retry: .seconds(1), needed: 2, a, b)
        _ = roster.lost(b, broken, wasSound: true, at: Self.second)
        #expect(roster.limit == Deadline(nanoseconds: 2 * Self.second))
        #expect(roster.verdict(at: 3 * Self.second)?.code == .unreachable)
    }

    @Test func whatNoPatienceMendsEndsItThoughThereIsTime() {
        var roster = roster(retry: .seconds(60), a)
        let deleted = TransportError(.noSuchQueue, "the channel was deleted")
        _ = roster.lost(a, deleted, wasSound: true, at: Self.second)
        #expect(roster.verdict(at: Self.second)?.code == .noSuchQueue && next(roster, at: Self.second) == nil)
        var other = self.roster(retry: .seconds(60), a)
        _ = other.lost(a, broken, wasSound: true, at: Self.second)
        _ = other.failed(a, TransportError(.permission, "AUTH failed"), at: Self.second)
        #expect(other.verdict(at: Self.second)?.code == .permission)
    }

    @Test func oneThatBrokeByAMessageComesBackOnceThoughNobodyAskedForIt() {
        var roster = roster(retry: nil, a)
        _ = roster.lost(a, full, wasSound: false, isRequired: true, at: Self.second)
        #expect(roster.verdict(at: Self.second) == nil && next(roster, at: Self.second) == 1)
        _ = roster.failed(a, broken, at: Self.second)
        #expect(roster.verdict(at: Self.second) != nil)
    }

    @Test func oneThatNobodyKnowsAnyMoreIsNotConnected() {
        var roster = Roster(retry: nil, discovers: true, isPatient: true)
        roster.found([a, b])
        expect(roster.connected(a))
        roster.found([a])
        expect(!roster.connected(b))
        #expect(roster.present == [a])
        _ = roster.lost(a, broken, wasSound: true, at: Self.second)
        roster.found([])
        #expect(roster.isDeserted && roster.verdict(at: Self.second) == nil)
    }

    @Test func whereTopicsComeAndGoADeletedOneIsNoEndButABrokenConnectionIs() {
        var roster = Roster(retry: nil, discovers: true, isOpenEnded: true)
        let (one, other) = (Route(a.peer, topic: "one"), Route(a.peer, topic: "other"))
        #expect(roster.verdictAtStart == nil)
        roster.found([one, other])
        for route in [one, other] { expect(roster.connected(route)) }
        for route in [one, other] {
            let deleted = TransportError(.noSuchQueue, "the channel was deleted")
            for action in roster.lost(route, deleted, wasSound: true, at: Self.second) {
                guard case .warn(let words) = action else { continue }
                #expect(words.hasPrefix("\(route.text): the channel was deleted"))
            }
        }
        #expect(roster.isDeserted && roster.verdict(at: Self.second) == nil)
        roster.found([one])
        expect(roster.connected(one))
        _ = roster.lost(one, broken, wasSound: true, at: 2 * Self.second)
        #expect(roster.verdict(at: 2 * Self.second)?.message == broken.message)
    }

    @Test func anNSQDWithManySubscriptionsIsHeardOfOnce() {
        let routes = ["one", "two", "three"].map { Route(a.peer, topic: $0) }
        var roster = Roster(retry: .seconds(3))
        for route in routes { roster.began(with: route) }
        var warnings = 0
        for route in routes {
            for action in roster.lost(route, broken, wasSound: true, at: Self.second) { if case .warn = action { warnings += 1 } }
        }
        #expect(warnings == 1)
    }
}

@Suite("nsq: when a channel is drained", .timeLimit(.minutes(1)))
struct NSQDrainWatchTests {
    private static let millisecond: UInt64 = 1_000_000

    private func holds(_ waiting: Int, inFlight: Int? = nil, isPaused: Bool = false, deferred: Int = 0) -> ChannelState {
        .holds(ChannelState.Figures(waiting: waiting, inFlight: inFlight, isPaused: isPaused, deferred: deferred))
    }

    @Test func twoLooksMustFindItEmptyWithNothingInBetween() throws {
        var watch = DrainWatch(at: 0)
        expect(try !watch.heard([(holds(0, inFlight: 0), 0)], at: 1))
        watch.messagesCame(at: 2)
        #expect(watch.due > 2)
        expect(try !watch.heard([(holds(0, inFlight: 0), 0)], at: 3))
        expect(try watch.heard([(.missing, 0), (holds(0), 5)], at: 4))
    }

    @Test func whatIsOnItsWayIsWaitedFor() throws {
        var watch = DrainWatch(at: 0)
        for now in 1..<20 { expect(try !watch.heard([(holds(0, inFlight: 3), 1)], at: UInt64(now) * Self.millisecond)) }
        expect(try !watch.heard([(holds(0, inFlight: 1), 1)], at: 30 * Self.millisecond))
        expect(try watch.heard([(holds(0, inFlight: 1), 1)], at: 31 * Self.millisecond))
    }

    @Test func anNSQDThatKeepsSilentSaysNotThatItIsEmpty() throws {
        var watch = DrainWatch(at: 0)
        for second in 1...20 { expect(try !watch.heard([(.silent, 0), (holds(0), 0)], at: UInt64(second) * 1_000_000_000)) }
        #expect(NSQ.error { _ = try watch.heard([(.silent, 0)], at: 21_000_000_000) }?.code == .unreachable)
        var other = DrainWatch(at: 0)
        #expect(NSQ.error { _ = try other.heard([(holds(7), 0)], at: 21_000_000_000) }?.message.hasPrefix("7 messages") == true)
    }

    /// nsqd may be seconds late with it where the channel is new; what others have put back may be away for hours.
    @Test func whatWasPutBackWithADelayIsWaitedFor() throws {
        var watch = DrainWatch(at: 0)
        for now in 1..<3 { expect(try watch.heard([(holds(0, deferred: 1), 0)], at: UInt64(now)) == (now == 2)) }
        watch.wentBack(for: .seconds(1), at: 10)
        for second in 1...6 { expect(try !watch.heard([(holds(0, deferred: 1), 0)], at: UInt64(second) * 1_000_000_000)) }
        expect(try !watch.heard([(.unavailable, 0)], at: 6_500_000_000))
        watch.messagesCame(at: 6_600_000_000)
        for look in 1...2 { expect(try watch.heard([(holds(0), 0)], at: 6_600_000_000 + UInt64(look)) == (look == 2)) }
        for look in 1...2 { expect(try watch.heard([(holds(0, deferred: 9), 0)], at: 7_100_000_000 + UInt64(look)) == true) }
    }

    @Test func aPausedChannelIsNamed() {
        var watch = DrainWatch(at: 0)
        let error = NSQ.error { _ = try watch.heard([(holds(7, isPaused: true), 0)], at: 1) }
        #expect(error?.code == .tryAgain && error?.message == "the channel is paused: 7 messages in it")
    }

    @Test func whereNobodyCanBeAskedALongSilenceCounts() throws {
        var watch = DrainWatch(at: 0)
        expect(try !watch.heard([(.unavailable, 0)], at: 4_900_000_000))
        #expect(watch.hasGuessed)
        expect(try !watch.heard([(.unavailable, 0)], at: 5_100_000_000))
        expect(try watch.heard([(.unavailable, 0)], at: 5_200_000_000))
    }
}
