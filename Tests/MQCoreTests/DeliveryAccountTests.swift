import MQTesting
import Testing

@testable import MQCore

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct PaceTests {
    @Test func theFirstIsDueAtOnce() {
        var pace = Pace(perSecond: 0.001)
        #expect(pace.due() == 1)
        pace.count(1)
        #expect(pace.due() == 0)
        let left = pace.nextDue.remaining ?? 0
        #expect(left > 900_000_000_000 && left <= 1_000_000_000_000)
    }

    @Test func whatIsLateIsMadeUpFor() {
        let hands = HandClocks()
        var pace = Pace(perSecond: 1000, clocks: hands.clocks)
        hands.advance(.milliseconds(20))
        #expect(pace.due() == 21)
        // One that is late does not move those behind it.
        pace.count(1)
        #expect(pace.due() == 20)
        pace.count(20)
        #expect(pace.due() == 0 && pace.nextDue.nanoseconds == hands.clocks.monotonic() + 1_000_000)
        hands.advance(.milliseconds(1))
        #expect(pace.due() == 1)
    }

    @Test(arguments: [1e-300, 1e-11, 1e-3, 1, 1e9, 1e30, 1e300, .infinity])
    func anyRateIsCounted(rate: Double) {
        var pace = Pace(perSecond: rate)
        for _ in 0..<100 {
            #expect(pace.due() >= 0)
            #expect(pace.nextDue.nanoseconds > 0)
            pace.count(1_000_000_000)
        }
    }
}

/// Which messages are confirmed, refused and in doubt, by their positions.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct DeliveryAccountTests {
    private let error = TransportError(.unsendable, "refused")

    @Test func positionsCountWhatIsRefused() {
        var account = DeliveryAccount()
        account.take(2)
        account.refuse(error, isForgiven: true)
        account.take(2)
        #expect(account.handed == 5 && account.taken == 4)
        account.confirm(upTo: 3)
        #expect(account.firstOpen == 4, "the fourth that was sent is the fifth that was handed over")
        #expect(account.acknowledged == 3)
        let verdicts = account.verdicts()
        #expect(verdicts.map(\.positions) == [2..<3, 0..<2, 3..<4])
        #expect(account.verdicts().isEmpty)
    }

    @Test func theLowestFailureCountsNotTheFirst() {
        var account = DeliveryAccount()
        account.take(100)
        account.reject(number: 70, error, isForgiven: false)
        account.reject(number: 10, error, isForgiven: false)
        account.confirm(upTo: 5)
        #expect(account.firstOpen == 5 && account.firstFailed?.position == 10)
        account.confirm(upTo: 100)
        #expect(account.firstOpen == 10)
        #expect(account.acknowledged == 98 && account.acknowledgedBehind == 88 && account.unanswered == 0)
    }

    /// Against an account kept message by message.
    @Test func anyOrderOfEventsGivesEachPositionOneVerdict() {
        let rounds = Fuzz.rounds(for: .milliseconds(500)) { random, seed in
            var account = DeliveryAccount()
            var numbers: [Int] = []
            var refused: Set<Int> = []
            var verdicts: [Int: Bool] = [:]
            var confirmed = 0
            for _ in 0..<60 {
                switch Int.random(in: 0...5, using: &random) {
                case 0:
                    refused.insert(account.handed)
                    account.refuse(error, isForgiven: true)
                case 1: account.passOver()
                case 2 where confirmed < numbers.count:
                    let number = Int.random(in: confirmed..<numbers.count, using: &random)
                    guard refused.insert(numbers[number]).inserted else { continue }
                    account.reject(number: number, error, isForgiven: true)
                case 3:
                    confirmed = Int.random(in: confirmed...numbers.count, using: &random)
                    account.confirm(upTo: confirmed)
                case 4:
                    for verdict in account.verdicts() {
                        for position in verdict.positions {
                            if case .done = verdict.fate {
                                #expect(verdicts.updateValue(true, forKey: position) == nil, "seed \(seed)")
                            } else {
                                #expect(verdicts.updateValue(false, forKey: position) == nil, "seed \(seed)")
                            }
                        }
                    }
                default:
                    let count = Int.random(in: 0...9, using: &random)
                    numbers += account.handed..<account.handed + count
                    account.take(count)
                }
                #expect(account.firstOpen == (confirmed == numbers.count ? account.handed : numbers[confirmed]), "seed \(seed)")
            }
            account.confirm(upTo: numbers.count)
            for verdict in account.verdicts() {
                for position in verdict.positions {
                    if case .done = verdict.fate { verdicts[position] = true } else { verdicts[position] = false }
                }
            }
            #expect(verdicts.count == account.handed, "seed \(seed)")
            #expect(Set(verdicts.filter { !$0.value }.keys) == refused, "seed \(seed)")
            #expect(account.acknowledged == numbers.count { !refused.contains($0) }, "seed \(seed)")
        }
        #expect(rounds > 0)
    }
}
