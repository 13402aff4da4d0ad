import Testing

@testable import MQCore

@Suite(.timeLimit(.minutes(1)))
struct QuantityTests {
    @Test(
        arguments: [
            ("0", 0), ("-5", -5), ("0x4d51", 0x4d51), ("0X4D51", 0x4d51), ("-0x10", -16), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("0x7fffffffffffffff", .max),
        ] as [(String, Int)])
    func integersAreRead(text: String, value: Int) { #expect(Quantity.integer(text) == value) }

    @Test(arguments: [
        "", "-", "+1", "-+1", "--1", "0x", "0x-1", "0x+1", "x", "1.0", "1 ", " 1", "١", "9223372036854775808", "0x8000000000000000",
    ])
    func integersAreRefused(text: String) { #expect(Quantity.integer(text) == nil) }

    @Test(
        arguments: [
            ("8192", 8192), ("64k", 65536), ("64K", 65536), ("64KiB", 65536), ("64kB", 64000), ("1M", 1 << 20), ("1MB", 1_000_000),
            ("1.5k", 1536), ("2G", 1 << 31), ("1gb", 1_000_000_000), ("12B", 12), ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775807", .max),
        ] as [(String, Int)])
    func bytesAreRead(text: String, value: Int) { #expect(Quantity.bytes(text) == value) }

    @Test(arguments: [
        "", "k", "-1", "1.5", ".", "1kk", "1 k", "0x10", "9223372036854775808", "9007199254740993k", "99999999999G",
        String(repeating: "9", count: 400),
    ])
    func bytesAreRefused(text: String) { #expect(Quantity.bytes(text) == nil) }

    @Test(
        arguments: [
            ("10", .seconds(10)), ("10s", .seconds(10)), ("250ms", .milliseconds(250)), ("1.5m", .seconds(90)), ("2h", .seconds(7200)),
            ("1d", .seconds(86400)), ("10us", .microseconds(10)), ("10µs", .microseconds(10)), ("5ns", .nanoseconds(5)), ("0", .zero),
            ("0.001", .milliseconds(1)), ("3min", .seconds(180)),
        ] as [(String, Duration)])
    func durationsAreRead(text: String, value: Duration) { #expect(Quantity.duration(text) == value) }

    @Test(arguments: ["", "s", "-1s", "1y", "1S", "1 s", "1e3", "inf", "nan", "200000d", String(repeating: "9", count: 400) + "s", "1..2s"])
    func durationsAreRefused(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test func countsAreGrouped() {
        let words = [0, 12, 999, 1000, 1_284_002, -1000, .min].map(Quantity.grouped)
        #expect(words == ["0", "12", "999", "1,000", "1,284,002", "-1,000", "-9,223,372,036,854,775,808"])
    }

    @Test func aCountAgreesWithItsNoun() {
        #expect([0, 1, 2, 1200].map { Quantity.count($0, "message") } == ["0 messages", "1 message", "2 messages", "1,200 messages"])
    }

    @Test func ratesHaveThreeDigits() {
        let words = [0, 1, 0.5, 12.34, 999, 1000, 1284, 12_840, 412_000, 999_999, 1_284_000, 2e9, 9e15].map(Quantity.short)
        #expect(words == ["0", "1", "0.5", "12.3", "999", "1.00k", "1.28k", "12.8k", "412k", "1.00M", "1.28M", "2.00G", "9.00P"])
    }

    @Test func sizesHaveUnits() {
        let words = [0, 999, 1000, 128_000_000, 5_000_000_000].map(Quantity.size)
        #expect(words == ["0 B", "999 B", "1.00 kB", "128 MB", "5.00 GB"])
    }

    @Test func decimalsAreRoundedAndNeverOverflow() {
        #expect(Quantity.decimal(1.04, digits: 1) == "1.0")
        #expect(Quantity.decimal(-0.04, digits: 1) == "0.0")
        #expect(Quantity.decimal(-1.26, digits: 1) == "-1.3")
        #expect(Quantity.decimal(2.999, digits: 2) == "3.00")
        for value in [Double.infinity, -.infinity, .nan, 1e300, 1.8e10, 9e14] { #expect(!Quantity.decimal(value, digits: 9).isEmpty) }
    }

    @Test func durationsHaveWords() {
        let words = [Duration.seconds(7200), .seconds(120), .milliseconds(1500), .milliseconds(250), .nanoseconds(7), .zero].map(
            Quantity.words)
        #expect(words == ["2h", "2m", "1.5s", "250ms", "7ns", "0ns"])
    }

    @Test(arguments: [
        ("maxmgs", "maxmsg"), ("MAXMSG", "maxmsg"), ("max", "maxmsg"), ("msgs", "msgsize"), ("mdoe", "mode"), ("mod", "mode"),
    ])
    func nearWordsAreSuggested(word: String, meant: String) {
        #expect(Suggestion.nearest(to: word, in: ["mode", "maxmsg", "msgsize", "create"]) == meant)
    }

    @Test(arguments: ["zzzz", "x", "", "maxmsgmaxmsgmaxmsg", String(repeating: "m", count: 1000)])
    func farWordsAreNotSuggested(word: String) { #expect(Suggestion.nearest(to: word, in: ["mode", "maxmsg", "create"]) == nil) }

    @Test func nothingIsSuggestedOutOfNothing() { #expect(Suggestion.nearest(to: "x", in: []) == nil) }

    @Test func distanceCountsSwapsOnce() {
        #expect(Suggestion.distance("ab", "ba") == 1)
        #expect(Suggestion.distance("kitten", "sitting") == 3)
        #expect(Suggestion.distance("", "abc") == 3)
        #expect(Suggestion.distance("same", "same") == 0)
    }
}
