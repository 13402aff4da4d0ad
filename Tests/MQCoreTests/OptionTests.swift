import MQCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct OptionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var kind: OptionSpec.Kind
        var accepted: [String]
        var refused: [String]
        var complaint: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "flag", kind: .flag, accepted: ["yes", "no", "true", "false", "on", "off", "1", "0"], refused: ["", "Yes", "maybe", "2"],
            complaint: "must be yes or no"),
        Case(
            name: "integer", kind: .integer(1...10), accepted: ["1", "10", "0xa", "007"],
            refused: ["", "0", "11", "-1", "1.0", "1k", "ten", "+1", "--1", "0x", "99999999999999999999"],
            complaint: "must be a whole number, 1 to 10"),
        Case(
            name: "any integer", kind: .integer(.min ... .max), accepted: ["-9223372036854775808", "9223372036854775807", "-0x10"],
            refused: ["9223372036854775808", "-9223372036854775809", "-", "x"], complaint: "must be a whole number, of any size"),
        Case(
            name: "bytes", kind: .bytes(1...1_048_576), accepted: ["1", "64k", "64KiB", "1MiB", "1m", "1MB", "0.5k", "12b"],
            refused: ["", "0", "2MiB", "-1", "1.5", "k", "1x", "1 k", "0x10", "1e3"],
            complaint: "must be a number of bytes like 8192, 64k or 1MiB, 1 to 1048576"),
        Case(
            name: "duration", kind: .duration,
            accepted: ["0", "10s", "250ms", "1.5m", "2h", "1d", "10us", "10µs", "5ns", "5min"],
            refused: ["", "-1s", "s", "1y", "1 s", "inf", "nan", "200000d"], complaint: "must be a duration like 10s, 250ms or 2m"),
        Case(
            name: "mode", kind: .mode, accepted: ["0660", "0", "777", "0777"], refused: ["", "1000", "0888", "rw", "-1", "0o660"],
            complaint: "must be an octal mode like 0660"),
        Case(
            name: "choice", kind: .choice(["a", "b", "c"]), accepted: ["a", "c"], refused: ["", "d", "A", "a,b"],
            complaint: "must be a, b or c"),
        Case(name: "text", kind: .text("NAME"), accepted: ["x", "x=y,z", " "], refused: [""], complaint: "must not be empty"),
        Case(name: "file", kind: .file, accepted: ["/x", "x"], refused: [""], complaint: "must not be empty"),
    ]

    @Test(arguments: cases)
    func valuesAreChecked(example: Case) {
        let spec = OptionSpec("key", example.kind, help: "")
        for text in example.accepted { #expect(spec.complaint(about: text) == nil, "\(text)") }
        for text in example.refused { #expect(spec.complaint(about: text) == example.complaint, "\(text)") }
    }

    @Test func onlyAFlagNeedsNoValue() {
        #expect(OptionSpec("key", .flag, help: "").complaint(about: nil) == nil)
        #expect(OptionSpec("key", .integer(0 ... .max), help: "").complaint(about: nil) == "needs a value: key=N≥0")
        #expect(OptionSpec("key", .integer(1...2), help: "").complaint(about: nil) == "needs a value: key=1…2")
        #expect(OptionSpec("key", .choice(["a", "b"]), help: "").complaint(about: nil) == "needs a value: key=a|b")
    }

    private let known = descriptor([
        OptionSpec("create", .flag, help: ""), OptionSpec("maxmsg", .integer(1...64), help: ""),
        OptionSpec("msgsize", .bytes(1...8192), help: ""),
        OptionSpec("subscribe", .text("PREFIX"), repeatable: true, help: ""), OptionSpec("mode", .mode, help: ""),
        OptionSpec("linger", .duration, help: ""),
    ])

    private func values(_ texts: [(String, OptionValues.Source)]) throws -> OptionValues {
        try OptionValues(texts.map { try Address.option($0.0, source: $0.1) }, for: known)
    }

    @Test func valuesAreRead() throws {
        let options = try values([
            ("create", .address), ("maxmsg=0x10", .address), ("msgsize=8k", .flag), ("mode=0640", .flag), ("linger=250ms", .flag),
        ])
        #expect(options.flag("create") == true)
        #expect(options.integer("maxmsg") == 16)
        #expect(options.bytes("msgsize") == 8192)
        #expect(options.mode("mode") == 0o640)
        #expect(options.duration("linger") == .milliseconds(250))
        #expect(options.text("linger") == "250ms")
        #expect(options.entry("linger")?.source == .flag)
        #expect(!options.has("subscribe"))
        #expect(options.flag("absent") == nil)
        #expect(try values([("create=no", .address)]).flag("create") == false)
    }

    @Test func unknownKeyNamesTheNearest() {
        let error = failure { try values([("maxmgs=3", .address)]) }
        #expect(error?.code == .usage)
        #expect(error?.message == "test has no option 'maxmgs'")
        #expect(error?.hint == "did you mean maxmsg? mq transports test lists them")
        #expect(failure { try values([("zzzzzz=3", .address)]) }?.hint == "mq transports test lists them")
    }

    @Test func badValueSaysWhatIsAllowed() {
        #expect(failure { try values([("maxmsg=65", .address)]) }?.message == "option maxmsg=65 must be a whole number, 1 to 64")
        #expect(failure { try values([("maxmsg", .address)]) }?.message == "option maxmsg needs a value: maxmsg=1…64")
    }

    @Test func twiceFromOneSourceIsAMistake() {
        let error = failure { try values([("maxmsg=1", .address), ("maxmsg=2", .address)]) }
        #expect(error?.code == .usage)
        #expect(error?.message == "option maxmsg is given twice")
        #expect(failure { try values([("maxmsg=1", .flag), ("maxmsg=2", .flag)]) } != nil)
    }

    @Test func aLaterSourceWins() throws {
        let options = try values([("maxmsg=1", .alias("x")), ("maxmsg=2", .address), ("maxmsg=3", .flag)])
        #expect(options.integer("maxmsg") == 3)
        #expect(options.entries.count == 1)
    }

    @Test func repeatableOptionsAddUp() throws {
        let options = try values([("subscribe=a", .address), ("subscribe=b", .address), ("subscribe=c", .flag)])
        #expect(options.texts("subscribe") == ["a", "b", "c"])
    }

    @Test func sourcesHaveWords() {
        let words = [OptionValues.Source.address, .flag, .alias("x"), .environment("MQ_NSQ")].map(\.words)
        #expect(words == ["address", "-o", "alias @x", "MQ_NSQ"])
    }
}
