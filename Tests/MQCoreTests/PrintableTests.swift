import MQTesting
import Testing

@testable import MQCore

@Suite(.timeLimit(.minutes(1)))
struct PrintableTests {
    @Test(arguments: [
        ("plain text, ~", "plain text, ~"), ("grün 漢字 🙂", "grün 漢字 🙂"), ("/\u{1b}[31mred", "/\\x1b[31mred"), ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u{7f}\u{9b}", "\\x7f\\x9b"), ("a\u{202e}b", "a\\u{202e}b"), ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
        ("z\u{200b}w\u{feff}", "z\\u{200b}w\\u{feff}"), ("l\u{2028}p\u{2029}", "l\\u{2028}p\\u{2029}"), ("", ""),
    ])
    func whatCommandsATerminalOrDisguisesIsEscaped(text: String, printed: String) { #expect(text.printable == printed) }

    @Test func hexadecimalHasTwoDigitsEach() { #expect(Hex.text([0, 0x0f, 0xa5, 0xff]) == "000fa5ff") }

    @Test func ratesAreReadAsTheyAreWritten() {
        for (text, rate) in [("100", 100.0), ("2.5k", 2500), ("1M", 1e6), ("10/s", 10), ("1k/s", 1000)] {
            #expect(Quantity.rate(text) == rate)
        }
        for text in ["", "0", "-1", "k", "1 k", "1e3", "nan", "inf", "1K", "1/m"] { #expect(Quantity.rate(text) == nil, "\(text)") }
    }

    @Test func jsonIsReadWholeOrNotAtAll() throws {
        let value = try JSONReader.read(Array(#"{"a": 1}"#.utf8)) { reader throws(TransportError) in
            var keys: [String] = []
            try reader.object { reader, key throws(TransportError) in
                keys.append(key)
                try reader.skip()
            }
            return keys
        }
        #expect(value == ["a"])
        #expect(failure { try JSONReader.read("{} {}".utf8) { reader throws(TransportError) in try reader.skip() } }?.code == .malformed)
        #expect(failure { try JSONReader.read("{".utf8) { reader throws(TransportError) in try reader.skip() } }?.code == .malformed)
    }

    @Test func pollIsNotEndedEarly() {
        #expect(Deadline.never.pollMilliseconds == -1)
        #expect(Deadline.immediately.pollMilliseconds == 0)
        #expect((1...2).contains(Deadline.after(.microseconds(1500)).pollMilliseconds))
        #expect(Deadline.after(.seconds(1 << 25)).pollMilliseconds == 1 << 30)
    }

    @Test func privateNamesDiffer() { #expect(Set((0..<100).map { _ in PrivateName.make() }).count == 100) }
}
