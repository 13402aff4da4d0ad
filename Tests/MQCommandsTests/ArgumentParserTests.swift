import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// The conventions of getopt_long(3), and every way of being wrong.
@Suite(.timeLimit(.minutes(1)))
struct ArgumentParserTests {
    /// A table with one of each kind.
    static let table = VerbTable(
        "try", .about, .reads, "Try.",
        operands: [Operand("ADDRESS", .one, .address, help: "."), Operand("MESSAGE", .any, .message, help: ".")],
        sections: [VerbTable.Section("All", [.count, .timeout, .drain, .framing, .whole, name, tag, priority, size])])
    static let name = Flag("name", nil, .text(), help: ".")
    static let tag = Flag("tag", "t", .text(), repeats: true, help: ".")
    static let priority = Flag("priority", nil, .integer(0...32767), help: ".")
    static let size = Flag("size", nil, .size, help: ".")
    /// A table whose verb runs a command.
    static let running = VerbTable(
        "run", .work, .changes, "Run.",
        operands: [
            Operand("ADDRESS", .one, .address, help: "."), Operand("URL", .some, .text(), help: "."),
            Operand("COMMAND", .command, .command, help: "."),
        ], sections: [VerbTable.Section("All", [.count])])

    private func parse(_ words: [String], _ table: VerbTable = Self.table) throws -> Arguments { try ArgumentParser.parse(words, table) }

    @Test(arguments: [
        ["q", "-n5"], ["q", "-n", "5"], ["q", "--count", "5"], ["q", "--count=5"], ["--count=5", "q"], ["-n5", "q"], ["-wn5", "q"],
        ["-wn", "5", "q"], ["-n", "5", "--", "q"], ["-n", "0x5", "q"], ["-vwqn5", "q"],
    ])
    func oneNumberInEveryWay(words: [String]) throws {
        let arguments = try parse(words)
        #expect(arguments.integer(.count) == 5)
        #expect(arguments.word("ADDRESS") == "q")
    }

    @Test func whatIsRepeatedIsKeptInOrder() throws {
        let arguments = try parse(["-t", "a", "q", "-tb", "--tag=", "--tag", "-d", "-vv", "-v", "--verbose"])
        #expect(arguments.texts(Self.tag) == ["a", "b", "", "-d"])
        #expect(arguments.times(.verbose) == 4)
        #expect(arguments.name(Self.tag) == "--tag")
    }

    @Test func dashesAloneAndEmptyWordsAreOperands() throws {
        #expect(try parse(["-", ""]).operands == [["-"], [""]])
        #expect(try parse(["q", "--", "--", "-", "--drain", ""]).words("MESSAGE") == ["--", "-", "--drain", ""])
        #expect(try parse([""]).word("ADDRESS") == "")
        #expect(try parse(["q", "--name", "--"]).text(Self.name) == "--")
        #expect(try parse(["q", "--name="]).text(Self.name) == "")
        #expect(try parse(["q", "--name=a=b"]).text(Self.name) == "a=b")
    }

    /// To Swift, `-` with an accent is one character, and so is `=` with one.
    @Test func wordsAreBytes() throws {
        #expect(failure { try parse(["q", "-\u{301}"]) }?.message.hasPrefix("mq try has no option ") == true)
        #expect(try parse(["q", "--name=\u{301}x"]).text(Self.name) == "\u{301}x")
        let raw = String(raw: [0x61, 0xff, 0xfe, 0x62])
        #expect(try parse(["q", raw, "--name", raw]).words("MESSAGE") == [raw])
        #expect(try parse(["q", "-t" + raw]).texts(Self.tag).map(\.rawBytes) == [[0x61, 0xff, 0xfe, 0x62]])
    }

    @Test func aCommandStandsBehindDashes() throws {
        let arguments = try parse(["q", "http://a", "-n", "3", "http://b", "--", "sh", "-c", "--", "-n"], Self.running)
        #expect(arguments.operands == [["q"], ["http://a", "http://b"], ["sh", "-c", "--", "-n"]])
        #expect(
            failure { try parse(["q", "u"], Self.running) }?.sentence
                == "the command is missing behind -- (usage: mq run ADDRESS URL... [OPTION...] -- COMMAND...)")
        #expect(failure { try parse(["q", "u", "--"], Self.running) }?.message == "the command is missing behind --")
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        var words: [String]
        var message: String
        var hint: String?
        init(_ words: String..., message: String, hint: String? = nil) { (self.words, self.message, self.hint) = (words, message, hint) }
        var testDescription: String { words.joined(separator: " ") }
    }

    private static func behindDashes(_ word: String) -> String {
        "a message that begins with a dash goes behind --: mq try q -- \(word)"
    }
    private static let usage = "usage: mq try ADDRESS [MESSAGE...] [OPTION...]"

    static let allMistakes = [
        Mistake("q", "--cuont", "5", message: "mq try has no option --cuont", hint: "did you mean --count?"),
        Mistake("q", "--time", "5s", message: "mq try has no option --time", hint: "did you mean --timeout?"),
        Mistake("q", "--time=5s", message: "mq try has no option --time", hint: "did you mean --timeout?"),
        Mistake("q", "--zzzzzz", message: "mq try has no option --zzzzzz", hint: behindDashes("--zzzzzz")),
        Mistake("q", "-5", message: "mq try has no option -5", hint: behindDashes("-5")),
        Mistake("q", "-wx", message: "mq try has no option -x (in -wx)", hint: behindDashes("-wx")),
        Mistake("q", "-drain", message: "mq try has no option -d (in -drain)", hint: "did you mean --drain?"),
        Mistake("q", "--=x", message: "mq try has no option --", hint: behindDashes("--")),
        Mistake("q", "--drain=yes", message: "--drain takes no value", hint: "--drain alone"),
        Mistake("q", "--count", message: "--count needs a value", hint: "--count N"),
        Mistake("q", "-n", message: "-n needs a value", hint: "-n N"),
        Mistake("q", "--timeout", message: "--timeout needs a value", hint: "--timeout DURATION"),
        Mistake("q", "--timeout", "--drain", message: "--timeout needs a value", hint: "--timeout DURATION; --drain is an option"),
        Mistake("q", "--count=", message: "--count '' is not a whole number of at least 1"),
        Mistake("q", "-n", "-5", message: "-n '-5' is not a whole number of at least 1"),
        Mistake("q", "-n=5", message: "-n '=5' is not a whole number of at least 1"),
        Mistake("q", "--priority", "-1", message: "--priority '-1' is not a whole number from 0 to 32767"),
        Mistake("q", "--timeout", "soon", message: "--timeout 'soon' is not a duration", hint: "durations are written 10s, 250ms or 2m"),
        Mistake("q", "--size", "big", message: "--size 'big' is not a size", hint: "sizes are written 512k, 100M or 1G"),
        Mistake("q", "--color", "alwys", message: "--color 'alwys' is not one of auto, always, never", hint: "did you mean always?"),
        Mistake("q", "-n5", "--count=5", message: "--count is given twice"),
        Mistake("q", "--name", "a", "--name", "a", message: "--name is given twice"),
        Mistake("q", "--drain", "--drain", message: "--drain is given twice"),
        Mistake("q", "-ww", message: "-w is given twice"),
        Mistake(message: "the address is missing", hint: usage),
        Mistake("--drain", message: "the address is missing", hint: usage),
        Mistake("--", message: "the address is missing", hint: usage),
    ]

    @Test(arguments: allMistakes)
    func eachMistakeIsOneSentence(mistake: Mistake) {
        let error = failure { try parse(mistake.words) }
        #expect(error?.code == .usage)
        #expect(error?.message == mistake.message)
        #expect(error?.hint == mistake.hint)
    }

    @Test func anOperandTooManyIsNamed() {
        #expect(
            failure { try Program.parse(["purge", "a", "b"]) }?.sentence == "unexpected operand 'b' (usage: mq purge ADDRESS [OPTION...])")
        #expect(failure { try Program.parse(["help", "purge", "x"]).perform(quiet) }?.message == "there is no verb 'purge x'")
    }

    @Test(arguments: [
        (["sned", "q"], "there is no verb 'sned' (did you mean send?)"), (["x"], "there is no verb 'x' (mq --help lists them)"),
        (["", "q"], "there is no verb '' (mq --help lists them)"),
        (["--verison"], "mq has no option --verison (did you mean --version?)"),
        (["-q", "send"], "mq has no option -q (the verb comes first: mq VERB -q ...)"),
        (["-"], "mq has no option - (the verb comes first: mq VERB - ...)"),
        (["--"], "mq has no option -- (the verb comes first: mq VERB -- ...)"),
    ])
    func verbsThatDoNotExist(words: [String], sentence: String) { #expect(failure { try Program.parse(words) }?.sentence == sentence) }

    @Test(arguments: [
        (["send", "--error-format", "json"], true), (["--error-format=json"], true), (["send", "--", "--error-format=json"], false),
        (["send", "--error-format", "text"], false), ([], false),
    ])
    func theFormOfErrorsIsKnownBeforeTheLineIs(words: [String], isJSON: Bool) { #expect(Program.wantsJSONErrors(words) == isJSON) }

    @Test func aHundredThousandWords() throws {
        let many = (0..<100_000).map { "m\($0)" }
        #expect(try parse(["q"] + many).words("MESSAGE") == many)
        #expect(try parse(["q"] + many.flatMap { ["-t", $0] }).texts(Self.tag) == many)
        #expect(try parse(["q", "--"] + many.map { "-" + $0 }).words("MESSAGE").count == 100_000)
        #expect(failure { try parse(["q"] + Array(repeating: "--drain", count: 100_000)) }?.message == "--drain is given twice")
    }

    /// Whatever the words: an error of usage with a sentence, or arguments that hold each word as it was.
    @Test func anyWordsAreReadOrRefused() {
        let pieces = [
            "-", "--", "=", "n", "count", "--count", "-n", "5", "--drain", "-w", "-F", "nul", "--name", "-t", "--tag", "\u{301}", "\u{0}",
            "é",
            "--help", "-h", "-vv", "--timeout", "5s", "--option", "-o", "a=b", "", " ", "--error-format", "json",
        ]
        let tables = Verbs.tables + [Self.table, Self.running]
        let rounds = Fuzz.rounds { random, seed in
            var words: [String] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                var bytes: [UInt8] = []
                for _ in 0...Int.random(in: 0...2, using: &random) { bytes += pieces.randomElement(using: &random)!.utf8 }
                if Int.random(in: 0..<4, using: &random) == 0 { bytes += random.bytes(upTo: 3) }
                words.append(String(raw: bytes))
            }
            let table = tables.randomElement(using: &random)!
            do throws(TransportError) {
                let arguments = try ArgumentParser.parse(words, table)
                if arguments.wantsHelp { return }
                for word in arguments.operands.flatMap(\.self) + arguments.given.map(\.value) where !word.isEmpty {
                    let bytes = word.rawBytes
                    #expect(words.contains { $0.rawBytes.suffix(bytes.count) == bytes[...] }, "seed \(seed): \(words)")
                }
                #expect(zip(table.operands, arguments.operands).allSatisfy { !$0.isRequired || !$1.isEmpty }, "seed \(seed)")
            } catch {
                #expect(error.code == .usage && !error.message.isEmpty, "seed \(seed): \(words)")
            }
            _ = try? Program.parse(words)
        }
        #expect(rounds > 0)
    }
}
