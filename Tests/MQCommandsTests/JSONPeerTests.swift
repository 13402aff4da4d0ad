import MQCore
import MQStandIns
import MQTesting
import Testing

/// What is written is JSON to others too.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct JSONPeerTests {
    @Test func pythonReadsWhatIsWritten() throws {
        var random = SeededGenerator(seed: 1)
        var lines: [UInt8] = []
        var bodies: [[UInt8]] = []
        for round in 0..<200 {
            let body = random.bytes(upTo: 60, of: round % 2 == 0 ? nil : "a\"\\\n\u{7f}é\u{85}\u{2028}😀".bytes)
            var properties = MessageProperties()
            properties.attributes = [Attribute(name: "k\"\n", value: body)]
            properties.delay = .nanoseconds(Int64(round) * 1_234_567_891)
            var json = JSONText()
            body.withUnsafeBytes { Envelope.encode($0, properties, into: &json) }
            lines += json.bytes + [0x0a]
            bodies.append(body)
        }
        let script = """
            import base64, json, sys
            for line in sys.stdin.buffer:
                record = json.loads(line.decode("utf-8"))
                body = record["body"].encode("utf-8") if "body" in record else base64.b64decode(record["body64"], validate=True)
                print(body.hex())
            """
        let result = try Executable(Shells.path(of: "python3")).run(["-c", script], input: .bytes(lines))
        #expect(result.errorText == "")
        let digits = Array("0123456789abcdef")
        #expect(result.lines == bodies.map { String($0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) })
    }
}
