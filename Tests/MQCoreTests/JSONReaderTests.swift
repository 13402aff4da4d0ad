import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct JSONReaderTests {
    private func read<Value>(_ text: [UInt8], _ body: (inout JSONReader) throws -> Value) throws -> Value {
        try text.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            let value = try body(&reader)
            try reader.end()
            return value
        }
    }

    private func accepts(_ text: [UInt8]) -> Bool { failure { try read(text) { try $0.skip() } } == nil }

    private func string(_ text: String) throws -> [UInt8] {
        try read(text.bytes) { reader in
            var result: [UInt8] = []
            try reader.string(into: &result)
            return result
        }
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "0.5", "-0.5", "1e1", "1E+10", "1e-10", "0e0", "1.5e300", "123456789012345678901234567890", "true",
        "false",
        "null", "\"\"", "[]", "{}", "[[]]", "[1,2]", "[null,true,false]", "{\"a\":1}", "{\"a\":{\"b\":[{}]}}", "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        " \t\r\n[ 1 , 2 ]\n", "{ \"a\" : 1 }", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "\"é\"", "\"\u{7f}\"",
        "\"😀\"",
        "\"\\uFFFF\"", "\"\u{2028}\"", "\"\\u2028\"", "\"\u{feff}\"",
    ])
    func acceptsWhatIsJSON(text: String) { #expect(accepts(text.bytes)) }

    @Test(arguments: [
        "", " ", "01", "-01", "00", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "tru",
        "True",
        "truex", "nul", "nulll", "'a'", "\"", "\"a", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u123g\"", "\"\\u١٢٣٤\"", "\"\\", "\"\\u",
        "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\u0041\"",
        "\"a\nb\"",
        "\"a\tb\"", "\"\0\"", "\"\u{1f}\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1,,2]", "{", "}", "{\"a\"", "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "1 2",
        "{}{}", "{},", "{} x",
        "\u{feff}{}", "\0", "{}\0", "\0{}", "// x\n1", "/**/1", "[1]//", "\u{a0}1", "\u{c}1",
    ])
    func refusesWhatIsNot(text: String) {
        let error = failure { try read(text.bytes) { try $0.skip() } }
        #expect(error?.code == .malformed)
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80],
            [0xf8, 0x88, 0x80, 0x80, 0x80],
            [0x80], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(bytes: [UInt8]) {
        #expect(!accepts("\"a".bytes + bytes + "b\"".bytes))
        #expect(!accepts("{\"".bytes + bytes + "\":1}".bytes))
        #expect(!bytes.withUnsafeBytes { JSONReader.isUTF8($0) })
    }

    @Test func escapesAreUndone() throws {
        #expect(try string(#""\u0041\n\t\r\b\f\/\"\\""#) == "A\n\t\r\u{8}\u{c}/\"\\".bytes)
        #expect(try string(#""\ud83d\uDE00\u00e9\u20AC\u0000""#) == "😀é€\0".bytes)
        #expect(try string(#""\uffff\ud800\udc00\udbff\udfff""#) == "\u{ffff}\u{10000}\u{10ffff}".bytes)
    }

    @Test func nestingIsBounded() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = { (depth: Int) in String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth) }
            #expect(accepts(nested(64).bytes))
            #expect(!accepts(nested(65).bytes))
            #expect(!accepts(String(repeating: open, count: 1_000_000).bytes))
        }
    }

    /// Depth is how deep, not how many.
    @Test func siblingsAreNotNested() {
        #expect(accepts(("[" + Array(repeating: "[{}]", count: 500).joined(separator: ",") + "]").bytes))
    }

    @Test func errorsSayWhere() {
        #expect(failure { try read("[1, x]".bytes) { try $0.skip() } }?.message == "expected a value at byte 5 of the JSON")
        #expect(failure { try read("{} x".bytes) { try $0.skip() } }?.message == "text after the value at byte 4 of the JSON")
        #expect(
            failure { try read("\"a\nb\"".bytes) { try $0.skip() } }?.message == "a control character in a string at byte 3 of the JSON")
    }

    @Test func valuesOfTheWrongKindAreRefused() {
        #expect(failure { try read("1".bytes) { try $0.string() } }?.code == .malformed)
        #expect(failure { try read("\"1\"".bytes) { try $0.number() } }?.code == .malformed)
        #expect(failure { try read("1".bytes) { try $0.bool() } }?.code == .malformed)
        #expect(failure { try read("[]".bytes) { try $0.object { _, _ in } } }?.code == .malformed)
        #expect(failure { try read("{}".bytes) { try $0.array { _ in } } }?.code == .malformed)
    }

    @Test func randomDocumentsDoNoHarm() {
        let words = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "u", "d800", "0", "1", "-", ".", "e", "true", "null", " ", "\"a\"", "é", "\u{1}",
            "\\u0041",
        ].map(\.bytes)
        var accepted = 0
        Fuzz.rounds { random, _ in
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) { text += words.randomElement(using: &random)! }
            if Int.random(in: 0..<8, using: &random) == 0 { text.append(UInt8.random(in: 0...255, using: &random)) }
            if accepts(text) { accepted += 1 }
        }
        #expect(accepted > 0)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct JSONTextTests {
    @Test func commasStandBetween() {
        var json = JSONText()
        json.open("{")
        json.key("a")
        json.value(1)
        json.key("b")
        json.open("[")
        json.value("x")
        json.null()
        json.value(true)
        json.open("{")
        json.close("}")
        json.close("]")
        json.key("c")
        json.value(number: "1.5")
        json.close("}")
        #expect(json.string == #"{"a":1,"b":["x",null,true,{}],"c":1.5}"#)
        json.removeAll()
        json.value(2)
        #expect(json.string == "2")
    }

    /// The text may end on a terminal.
    @Test func controlsAreEscaped() {
        var json = JSONText()
        json.value("\0\u{1b}[0m\u{7f}\u{80}\u{9f}\u{a0}é\"\\/\n\r\t")
        #expect(json.string == #""\u0000\u001b[0m\u007f\u0080\u009f"# + "\u{a0}é" + #"\"\\/\n\r\t""#)
    }

    @Test func everyStringIsReadBack() throws {
        for scalar in (0..<0x3000).compactMap(Unicode.Scalar.init) {
            let text = "a\(Character(scalar))\u{c2}z"
            var json = JSONText()
            json.value(text)
            let back = try json.bytes.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                return try reader.string()
            }
            #expect(back.bytes == text.bytes)
            #expect(!json.bytes.contains { $0 < 0x20 || $0 == 0x7f })
        }
    }
}
