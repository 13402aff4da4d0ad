import MQCore
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct ValueKindTests {
    @Test(arguments: [("100", 100), ("2.5k", 2500), ("1M", 1e6), ("100/s", 100), ("1k/s", 1000), ("0.1", 0.1)])
    func ratesAreRead(text: String, rate: Double) { #expect(Quantity.rate(text) == rate) }

    @Test(arguments: ["", "0", "-1", "k", "/s", "1g", "inf", "nan", "fast", "infk"])
    func otherRatesAreRefused(text: String) { #expect(failure { try ValueKind.rate.check(text, "--rate") }?.code == .usage) }

    @Test func patienceMayBeWithoutAnEnd() throws {
        for text in ["forever", "10s", "0"] { try ValueKind.patience.check(text, "--retry") }
        #expect(failure { try ValueKind.patience.check("for ever", "--retry") }?.hint?.contains("forever") == true)
        #expect(failure { try ValueKind.duration().check("forever", "--timeout") }?.code == .usage)
        for table in [Send.table, Recv.table] {
            let words = try ArgumentParser.parse(["mem:q", "--retry", "forever"], table)
            #expect(words.duration(.retry) == .forever && Deadline.after(words.duration(.retry)).isNever)
        }
    }

    @Test func refusalsSayWhatIsAllowed() {
        #expect(failure { try ValueKind.integer(1...Int.max).check("0", "-n") }?.message == "-n '0' is not a whole number of at least 1")
        #expect(
            failure { try ValueKind.integer(0...9).check("x", "--priority") }?.message == "--priority 'x' is not a whole number from 0 to 9"
        )
        #expect(failure { try ValueKind.duration().check("1y", "--timeout") }?.hint == "durations are written 10s, 250ms or 2m")
        let choice = failure { try ValueKind.choice(["text", "json"]).check("jsno", "--log-format") }
        #expect(choice?.message == "--log-format 'jsno' is not one of text, json")
        #expect(choice?.hint == "did you mean json?")
        let span = ValueKind.duration(.milliseconds(10) ... .seconds(60))
        #expect(failure { try span.check("1ms", "-d") }?.sentence == "-d '1ms' is too short (at least 10ms)")
        #expect(failure { try span.check("2m", "-d") }?.sentence == "-d '2m' is too long (at most 1m)")
        #expect(failure { try ValueKind.size.check("0", "--rotate-size") }?.hint == "sizes are written 512k, 100M or 1G")
        #expect(failure { try ValueKind.framing.check("line", "-F") }?.message == "-F 'line' is not a framing")
        #expect(failure { try ValueKind.name.check("", "--group") }?.message == "--group is empty")
    }
}
