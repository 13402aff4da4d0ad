import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RawBytesTests {
    @Test func textIsItself() {
        for text in ["", "a", "é", "e\u{301}", "日本", "\u{10ff7f}"] {
            #expect(Array(String(raw: Array(text.utf8)).utf8) == Array(text.utf8))
            #expect(!text.isRaw && text.rawBytes == Array(text.utf8) && text.printable == text)
        }
    }

    @Test(arguments: [
        ([0xff], "\\xff"), ([0x61, 0xff, 0xfe, 0x62], "a\\xff\\xfeb"), ([0xc3], "\\xc3"), ([0xc3, 0x28], "\\xc3("),
        // Overlong, a surrogate, beyond Unicode, and the scalars that stand for bytes.
        ([0xc0, 0x80], "\\xc0\\x80"), ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"), ([0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
        ([0xf4, 0x8f, 0xbe, 0x80], "\\xf4\\x8f\\xbe\\x80"), ([0xf4, 0x8f, 0xbf, 0xbf], "\\xf4\\x8f\\xbf\\xbf"),
    ])
    func whatIsNoUTF8IsKept(bytes: [UInt8], shown: String) {
        let text = String(raw: bytes)
        #expect(text.isRaw && text.rawBytes == bytes && text.printable == shown)
        #expect(text.rawCString == bytes.map { CChar(bitPattern: $0) } + [0])
        #expect(text.rawCString.withUnsafeBufferPointer { String(rawCString: $0.baseAddress!) } == text)
    }

    /// One text for each sequence of bytes, and the bytes back from each text.
    @Test func anyBytesComeBack() {
        let pieces: [[UInt8]] = [[0xf4, 0x8f, 0xbe], [0xf4, 0x8f, 0xbf, 0x80], [0xc3, 0xa9], [0xff], [0x25], [0xe2, 0x82], [0x41]]
        let rounds = Fuzz.rounds(for: .milliseconds(500)) { random, seed in
            var bytes: [UInt8] = []
            for _ in 0...Int.random(in: 0...6, using: &random) {
                bytes += Bool.random(using: &random) ? pieces.randomElement(using: &random)! : random.bytes(upTo: 4)
            }
            let text = String(raw: bytes)
            #expect(text.rawBytes == bytes, "seed \(seed)")
            #expect(Array(String(raw: text.rawBytes).utf8) == Array(text.utf8), "seed \(seed)")
            #expect(String(validating: bytes, as: UTF8.self) == nil || text.isRaw || Array(text.utf8) == bytes, "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test func addressesPrintBytesAsEscapesAndTakeThemBack() throws {
        let typed = String(raw: [UInt8]("mem:a".utf8) + [0xff, 0x25] + [UInt8]("FF".utf8))
        let address = try Address(parsing: typed, syntax: .single)
        // The second was typed as an escape, the first as a byte: they are the same.
        #expect(address.target.rawBytes == [0x61, 0xff, 0xff])
        #expect(address.text == "mem:a%FF%FF")
        #expect(try Address(parsing: address.text, syntax: .single) == address)
        #expect(Address.escapingRaw(typed) == "mem:a%FF%FF")
        // A name that looks like an escape is no byte.
        let literal = Address(scheme: "mem", targets: ["a%FF,"])
        #expect(literal.text == "mem:a%25FF%2C")
        #expect(try Address(parsing: literal.text, syntax: .single) == literal)
        #expect(try Address(parsing: "mem:%C3%A9", syntax: .single).text == "mem:é")
    }
}
