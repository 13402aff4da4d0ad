import MQCore
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct VerdictRulesTests {
    private func rules(_ texts: String...) throws(TransportError) -> VerdictRules {
        try VerdictRules(parsing: texts, codes: 0...255, what: "an exit status")
    }

    @Test func statusesAndRangesHaveTheWordOfTheirRule() throws {
        let rules = try rules("3=reject", "10-19,99=ok", "98=stop", "11=ok")
        #expect(rules.word(for: 3) == .reject && rules.word(for: 10) == .ok && rules.word(for: 19) == .ok)
        #expect(rules.word(for: 99) == .ok && rules.word(for: 98) == .stop)
        #expect(rules.word(for: 4) == nil && rules.word(for: 20) == nil && VerdictRules().word(for: 3) == nil)
    }

    @Test func rulesThatContradictEachOtherAreRefused() {
        #expect(
            failure { try rules("10-19=ok", "3,15-20=reject") }?.message
                == "--on 3,15-20=reject contradicts --on 10-19=ok: both say what 15 means")
    }

    @Test(arguments: [
        ("3", "--on '3' does not say what the status means"), ("3=rejct", "--on '3=rejct': 'rejct' is not one of ok, retry, reject, stop"),
        ("256=ok", "--on '256=ok': '256' is not an exit status from 0 to 255, or a range of them"),
        ("9-3=ok", "--on '9-3=ok': '9-3' is not an exit status from 0 to 255, or a range of them"),
        ("=ok", "--on '=ok': '' is not an exit status from 0 to 255, or a range of them"),
        ("1,,2=ok", "--on '1,,2=ok': '' is not an exit status from 0 to 255, or a range of them"),
        ("+1=ok", "--on '+1=ok': '+1' is not an exit status from 0 to 255, or a range of them"),
    ])
    func whatIsNoRuleIsRefusedInOneSentence(text: String, sentence: String) {
        let error = failure { try rules(text) }
        #expect(error?.code == .usage && error?.message == sentence)
    }
}
