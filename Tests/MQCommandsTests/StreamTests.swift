import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct LedgerTests {
    private func entry(_ number: Int) -> Ledger.Entry { Ledger.Entry(record: number + 1, offset: number * 10) }

    @Test func staysEmptyWhenAllIsConfirmedAtOnce() {
        var ledger = Ledger()
        ledger.passed(1000)
        #expect(ledger.accepted == 1000)
        #expect(ledger.base == 1000)
        #expect(!ledger.hasOutstanding)
        #expect(ledger.first == nil)
    }

    @Test func namesTheFirstThatIsNotConfirmed() {
        var ledger = Ledger()
        ledger.passed(10)
        ledger.append(5) { entry(10 + $0) }
        #expect(ledger.first == entry(10))
        ledger.confirm(upTo: 13)
        #expect(ledger.first == entry(13))
        #expect(ledger.base == 13)
        ledger.confirm(upTo: 11)
        #expect(ledger.base == 13)
        ledger.confirm(upTo: 99)
        #expect(ledger.base == 15)
        #expect(ledger.first == nil)
    }

    /// Resuming at what it names leaves no record out, however much is outstanding, and its memory is bounded.
    @Test func neverNamesARecordThatIsTooLate() {
        let rounds = Fuzz.rounds(for: .milliseconds(700)) { random, seed in
            var ledger = Ledger()
            for _ in 0..<30 {
                let accepted = ledger.accepted
                ledger.append(Int.random(in: 0...20_000, using: &random)) { entry(accepted + $0) }
                if Int.random(in: 0...2, using: &random) == 0 { ledger.confirm(upTo: Int.random(in: 0...ledger.accepted, using: &random)) }
                guard ledger.hasOutstanding else { continue }
                let late = ledger.base - ((ledger.first?.record ?? .max) - 1)
                #expect(late >= 0, "seed \(seed)")
                #expect(ledger.accepted > Ledger.capacity || late == 0, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct SlowStartTests {
    @Test func theFirstGoOneByOne() {
        var start = SlowStart(isNeeded: true)
        for _ in 0..<SlowStart.single {
            #expect(start.allowance == 1)
            #expect(start.grace > .zero)
            start.advance(by: 1)
        }
        var taken: [Int] = []
        while start.isLockstep {
            #expect(start.grace == .zero)
            taken.append(start.allowance)
            start.advance(by: start.allowance)
        }
        #expect(taken == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
        #expect(start.allowance == .max)
    }

    @Test func isOffWithoutAReader() { #expect(SlowStart(isNeeded: false).allowance == .max) }
}

@Suite(.timeLimit(.minutes(1)))
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
        let pace = Pace(perSecond: 1000)
        _ = Readiness.sleep(until: .after(.milliseconds(20)), stop: StopFlag())
        #expect(pace.due() >= 21)
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

@Suite(.timeLimit(.minutes(1)))
struct InputNameTests {
    static let words = [
        "", "plain", "a b", "it's", "''", "'", "$HOME", "`id`", "$(id)", "a\nb", "*", "~", "#x", "!!", "{a,b}", "a;b", "a&b", "a|b", "<x>",
        "\\", "\"", "=ls", "-n", "é",
        "'\u{301}; echo broken; '", "%s", "a=b,c:d/e@f%g+h.i_j-k", "\t", "\u{1b}[0m",
    ]

    @Test(arguments: ["sh", "bash", "zsh", "fish"])
    func everyWordComesBackFromTheShell(shell: String) throws {
        let path = try Shells.path(of: shell)
        for word in Self.words {
            // fish reads a backslash within single quotes in its own way.
            if shell == "fish" && word.contains("\\") { continue }
            let result = try Executable(path).run(["-c", "printf %s \(ShellWord.quoted(word))"])
            #expect(result.output == word.bytes, "\(word.debugDescription) as \(ShellWord.quoted(word))")
            #expect(result.status == 0)
        }
    }

    @Test func plainWordsStayAsTheyAre() {
        for word in ["posix-mq:/jobs,mode=0600", "a%2Cb", "@jobs/x", "--rate=1k/s"] { #expect(ShellWord.quoted(word) == word) }
    }
}
