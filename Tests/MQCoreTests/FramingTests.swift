import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FramingTests {
    @Test(
        arguments: [
            ("lines", .lines), ("nul", .nul), ("len32", .len32), ("netstring", .netstring), ("whole", .whole), ("jsonl", .jsonl),
            ("files", .files),
            ("delim:;", .delimiter([0x3b])), (#"delim:\r\n"#, .delimiter([0x0d, 0x0a])), (#"delim:\n"#, .lines), (#"delim:\0"#, .nul),
            ("delim:\n", .lines),
            ("delim:delim:", .delimiter("delim:".bytes)), (#"delim:\xff\\"#, .delimiter([0xff, 0x5c])),
        ] as [(String, Framing)])
    func wordsAreRead(word: String, framing: Framing) throws {
        #expect(try Framing(parsing: word) == framing)
        #expect(try Framing(parsing: framing.word) == framing)
    }

    @Test(arguments: ["", "delim:", "delim", "Lines", "line ", #"delim:\q"#, #"delim:\"#])
    func otherWordsAreUsageErrors(word: String) { #expect(failure { try Framing(parsing: word) }?.code == .usage) }

    @Test func nearWordsAreNamed() {
        #expect(failure { try Framing(parsing: "line") }?.hint?.hasPrefix("did you mean lines? one of lines, nul, delim:STR,") == true)
        #expect(failure { try Framing(parsing: "json") }?.hint?.hasPrefix("did you mean jsonl?") == true)
    }

    @Test func everyListedWordIsOne() throws {
        for word in Framing.words { #expect(try Framing(parsing: word).word == word) }
    }

    @Test func framingsCompletedInPlaceHaveTheirGap() {
        let gaps = [Framing.lines, .nul, .delimiter("abc".bytes), .len32, .whole].map(\.gap)
        #expect(gaps == [.init(after: 1), .init(after: 1), .init(after: 3), .init(before: 4), .init()])
        #expect([Framing.netstring, .jsonl, .files].allSatisfy { $0.gap == nil })
    }
}

@Suite(.timeLimit(.minutes(1)))
struct CEscapesTests {
    @Test(
        arguments: [
            (#"a\n\t\r\\"#, "a\n\t\r\\".bytes), (#"\a\b\e\f\v\'\""#, [7, 8, 0x1b, 0x0c, 0x0b, 0x27, 0x22]),
            (#"\0\00\000\1\12\123"#, [0, 0, 0, 1, 10, 83]),
            (#"\377\1234"#, [255, 83, 0x34]), (#"\x4\x41\xfFg\x41F"#, [4, 0x41, 255, 0x67, 0x41, 0x46]), ("", []), ("é", [0xc3, 0xa9]),
            (#"\\n"#, [0x5c, 0x6e]),
            (#"\08"#, [0, 0x38]),
        ] as [(String, [UInt8])])
    func escapesAreUndone(text: String, bytes: [UInt8]) throws { #expect(try CEscapes.bytes(of: text) == bytes) }

    @Test(arguments: [#"\"#, #"a\"#, #"\q"#, #"\x"#, #"\xg"#, #"\400"#, #"\777"#, #"\8"#, #"\é"#, #"\N"#])
    func othersAreUsageErrors(text: String) { #expect(failure { try CEscapes.bytes(of: text) }?.code == .usage) }

    @Test func textIsTheInverse() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(try CEscapes.bytes(of: CEscapes.text(of: all)) == all)
        #expect(CEscapes.text(of: all).utf8.allSatisfy { (0x20..<0x7f).contains($0) })
        // A digit behind an escape must not become a part of it.
        for byte in all {
            let pair: [UInt8] = [byte, 0x37]
            #expect(try CEscapes.bytes(of: CEscapes.text(of: pair)) == pair)
        }
    }

    @Test func randomTextDoesNoHarm() {
        let rounds = Fuzz.rounds(for: .milliseconds(500)) { random, seed in
            let text = String(decoding: random.bytes(upTo: 12, of: #"\x0137n%s{}hDNé"#.bytes), as: UTF8.self)
            if let bytes = try? CEscapes.bytes(of: text) {
                #expect((try? CEscapes.bytes(of: CEscapes.text(of: bytes))) == bytes, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }
}
