import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct LedgerTests {
    @Test func namesTheMessageItself() {
        var ledger = Ledger()
        #expect(ledger.place(of: 0) == nil)
        ledger.note(10..<15) { $0 * 10 }
        #expect(ledger.place(of: 10)! == (10, 100))
        ledger.forget(before: 13)
        #expect(ledger.place(of: 13)! == (13, 130))
        ledger.note(15..<20) { $0 * 10 }
        #expect(ledger.place(of: 19)! == (19, 190))
        ledger.removeAll()
        #expect(ledger.place(of: 19) == nil)
    }

    /// Resuming at what it names leaves no record out, however much is outstanding, and its memory is bounded.
    @Test func neverNamesARecordThatIsTooLate() {
        let rounds = Fuzz.rounds { random, seed in
            var ledger = Ledger()
            var (accepted, base) = (0, 0)
            for _ in 0..<30 {
                let more = Int.random(in: 0...150_000, using: &random)
                // What is confirmed at once is not noted.
                let start = base == accepted ? accepted + Int.random(in: 0...more, using: &random) : accepted
                base = max(base, base == accepted ? start : base)
                accepted += more
                ledger.note(start..<accepted) { $0 * 10 }
                if Int.random(in: 0...2, using: &random) == 0 { base = Int.random(in: base...accepted, using: &random) }
                if base == accepted { ledger.removeAll() } else { ledger.forget(before: base) }
                guard base < accepted else { continue }
                let place = ledger.place(of: base) ?? (.max, 0)
                #expect(place.position <= base && place.offset == place.position * 10, "seed \(seed)")
                #expect(accepted > Ledger.capacity || place.position == base, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
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

@Suite(.ownThread, .timeLimit(.minutes(1)))
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
