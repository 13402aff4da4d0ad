import Glibc
import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct Base64Tests {
    private func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        bytes.withUnsafeBytes { Base64.encode($0, into: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 4648, section 10, and the two characters that differ between alphabets.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ("~~~???", "fn5+Pz8/"),
    ])
    func vectors(plain: String, text: String) {
        #expect(encode(plain.bytes) == text)
        #expect(Base64.decode(text.bytes) == plain.bytes)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zm8", "Zg===", "====", "=", "A===", "=AAA", "Z=g=", "Zg==Zg==", "Zm9v====", "Zm 9", "Zm9v\n", "Zm9-", "Zm9_",
        "Zh==", "Zm9=", "Zm8=Zm8=",
        "Zm9vé", "\0\0\0\0",
    ])
    func anythingElseIsRefused(text: String) { #expect(Base64.decode(text.bytes) == nil) }

    @Test func encodingAndDecodingIsTheIdentity() {
        let rounds = Fuzz.rounds(for: .milliseconds(500)) { random, seed in
            let bytes = random.bytes(upTo: 100)
            #expect(Base64.decode(encode(bytes).bytes) == bytes, "seed \(seed)")
            let text = random.bytes(upTo: 12, of: "AQgw+/=x".bytes)
            if let decoded = Base64.decode(text) { #expect(encode(decoded).bytes == text, "seed \(seed)") }
        }
        #expect(rounds > 0)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"), (1, "1970-01-01T00:00:00.000000001Z"),
            (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (-1_000_000_000, "1969-12-31T23:59:59.000000000Z"),
            (-1_500_000_000, "1969-12-31T23:59:58.500000000Z"), (.max, "2262-04-11T23:47:16.854775807Z"),
            (.min, "1677-09-21T00:12:43.145224192Z"),
        ] as [(Int64, String)])
    func isRFC3339(nanoseconds: Int64, text: String) { #expect(Timestamp.text(nanoseconds) == text) }

    @Test func formatIsStrftimeWithNanoseconds() {
        #expect(Timestamp.formatted(1_700_000_000_000_000_042, "%s.%N") == "1700000000.000000042")
        #expect(Timestamp.formatted(5, "%N%N") == "000000005000000005")
        #expect(Timestamp.formatted(5, "") == "")
        #expect(Timestamp.formatted(5, "plain é") == "plain é")
        #expect(Timestamp.formatted(5, "%%N %%%N %%") == "%N %000000005 %")
    }

    @Test func momentsBefore1970AreRoundedDown() {
        #expect(Timestamp.formatted(-1, "%s.%N") == "-1.999999999")
        #expect(Timestamp.formatted(-1_000_000_000, "%s.%N") == "-1.000000000")
        #expect(Timestamp.formatted(.min, "%N") == "145224192")
    }

    @Test func aLoneOrUnknownFieldDoesNoHarm() {
        #expect(Timestamp.formatted(0, "x%").hasPrefix("x"))
        #expect(Timestamp.formatted(0, "%100000d") == "")
    }
}
