import MQCore
import MQStandIns
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct EnvelopeTests {
    private func encode(_ body: [UInt8], _ properties: MessageProperties = .init()) -> String {
        var json = JSONText()
        body.withUnsafeBytes { Envelope.encode($0, properties, into: &json) }
        return json.string
    }

    private func decode(_ text: [UInt8]) throws -> ([UInt8], MessageProperties) {
        var body: [UInt8] = [1, 2, 3]
        let properties = try text.withUnsafeBytes { try Envelope.decode($0, body: &body) }
        return (body, properties)
    }

    private func decode(_ text: String) throws -> ([UInt8], MessageProperties) { try decode(text.bytes) }

    static var everything: MessageProperties {
        var properties = MessageProperties()
        properties.id = "id-1"
        properties.timestamp = 1_700_000_000_123_456_789
        properties.attempts = 3
        properties.priority = 9
        properties.type = 7
        properties.frames = [2, 0, 1]
        properties.attributes = [
            Attribute(name: "a", value: "text".bytes), Attribute(name: "n", type: "Number", value: "1.50".bytes),
            Attribute(name: "b", type: "Binary", value: [0xff, 0]), Attribute(name: "s", value: [0xfe]), Attribute(name: "", value: []),
        ]
        properties.group = "g"
        properties.dedup = "d"
        properties.delay = .milliseconds(1500)
        return properties
    }

    /// What a sender cannot set is dropped on the way back.
    private func sendable(_ properties: MessageProperties) -> MessageProperties {
        var properties = properties
        (properties.id, properties.timestamp, properties.attempts) = (nil, nil, nil)
        return properties
    }

    // MARK: - Writing

    @Test func bodyIsTextWhereItIsUTF8() {
        #expect(encode("hé\"\n".bytes) == #"{"body":"hé\"\n"}"#)
        #expect(encode([]) == #"{"body":""}"#)
        #expect(encode([0xff, 0]) == #"{"body64":"/wA="}"#)
    }

    @Test func everythingIsWrittenInOrder() {
        #expect(
            encode("abc".bytes, Self.everything)
                == #"{"body":"abc","id":"id-1","ts":"2023-11-14T22:13:20.123456789Z","attempts":3,"priority":9,"type":7,"frames":[2,0,1],"#
                + #""attributes":{"a":"text","n":{"type":"Number","value":"1.50"},"b":{"type":"Binary","value64":"/wA="},"#
                + #""s":{"type":"String","value64":"/g=="},"":""},"group":"g","dedup":"d","delay":1.500000000}"#)
    }

    @Test func wholeSecondsOfDelayHaveNoFraction() {
        var properties = MessageProperties()
        properties.delay = .seconds(90)
        #expect(encode([], properties) == #"{"body":"","delay":90}"#)
    }

    // MARK: - Reading

    @Test func everythingComesBack() throws {
        let (body, properties) = try decode(encode("abc".bytes, Self.everything))
        #expect(body == "abc".bytes)
        #expect(properties == sendable(Self.everything))
    }

    @Test func unknownMembersAndNullsAreDropped() throws {
        let (body, properties) = try decode(#" {"x":[{"y":null}],"priority":null,"ts":1,"id":{},"body":"b","attributes":null} "#)
        #expect(body == "b".bytes)
        #expect(properties == MessageProperties())
    }

    @Test func attributesMayBeNumbers() throws {
        let (_, properties) = try decode(#"{"body":"","attributes":{"n":1.50,"o":{"value":"v","type":"T","more":[1]}}}"#)
        #expect(
            properties.attributes == [
                Attribute(name: "n", type: "Number", value: "1.50".bytes), Attribute(name: "o", type: "T", value: "v".bytes),
            ])
    }

    @Test(
        arguments: [
            ("0", .zero), ("1", .seconds(1)), ("0.5", .milliseconds(500)), ("1.5e0", .milliseconds(1500)), ("2e1", .seconds(20)),
            ("0.000000001", .nanoseconds(1)), ("999999999.999999999", .seconds(1_000_000_000) - .nanoseconds(1)), ("0.0000000001", .zero),
            ("-0", .zero),
        ] as [(String, Duration)])
    func delaysAreSeconds(text: String, delay: Duration) throws {
        #expect(try decode(#"{"body":"","delay":\#(text)}"#).1.delay == delay)
    }

    @Test(arguments: [
        #""text""#, "1", "[]", "null", "{}", #"{"body":1}"#, #"{"body":null}"#, #"{"body":"a","body":"b"}"#,
        #"{"body":"a","body64":"YQ=="}"#,
        #"{"body64":"YQ"}"#, #"{"body64":"YR=="}"#, #"{"body64":1}"#, #"{"body":"","priority":-1}"#, #"{"body":"","priority":1.5}"#,
        #"{"body":"","priority":1e2}"#, #"{"body":"","priority":"1"}"#, #"{"body":"","priority":2147483648}"#, #"{"body":"","type":0}"#,
        #"{"body":"","type":9223372036854775808}"#, #"{"body":"","group":1}"#, #"{"body":"","dedup":[]}"#, #"{"body":"","delay":-1}"#,
        #"{"body":"","delay":-0.5}"#, #"{"body":"","delay":1e9}"#, #"{"body":"","delay":1e400}"#, #"{"body":"","delay":"1s"}"#,
        #"{"body":"abc","frames":[]}"#,
        #"{"body":"abc","frames":[1]}"#, #"{"body":"abc","frames":[4]}"#, #"{"body":"abc","frames":[-1,4]}"#, #"{"body":"abc","frames":3}"#,
        #"{"body":"abc","frames":[9223372036854775807,9223372036854775807,5]}"#, #"{"body":"","attributes":[]}"#,
        #"{"body":"","attributes":{"a":true}}"#,
        #"{"body":"","attributes":{"a":{}}}"#, #"{"body":"","attributes":{"a":{"value":"x","value64":"eA=="}}}"#, #"{"body":""} x"#,
        #"{"body":""}{"body":""}"#,
    ])
    func isMalformed(text: String) { #expect(failure { try decode(text) }?.code == .malformed) }

    @Test(
        "What people send instead of JSON lines has a sentence of its own",
        arguments: [
            ("\u{feff}{\"body\":\"x\"}", "a byte-order mark stands before the JSON"),
            ("{", "the line ends within its JSON, and a JSON record is one line"),
            ("{\"body\": \"x\",", "the line ends within its JSON, and a JSON record is one line"),
            (#"{"body":"","type":1,"type":2}"#, #"the JSON record has "type" twice"#),
            (#"{"body":"","delay":1,"delay":null,"delay":2}"#, #"the JSON record has "delay" twice"#),
            (#"{"body":"","attributes":{"a":"1","a":"2"}}"#, #"the JSON record has "a" twice"#),
        ])
    func sentences(text: String, sentence: String) { #expect(failure { try decode(text) }?.message == sentence) }

    @Test func bytesThatAreNotUTF8EndBeforeAPosition() {
        #expect(
            failure { try decode(#"{"body":"a"#.bytes + [0xff] + "\"}".bytes) }?.message
                == "bytes that are not UTF-8 before byte 12 of the JSON")
    }

    @Test func unknownKeysAreToldOf() throws {
        var (body, keys) = ([UInt8](), [String]())
        let text = #"{"typ":3,"body":"","id":1,"ts":2,"attempts":3,"x":{"y":1},"z":null}"#.bytes
        _ = try text.withUnsafeBytes { try Envelope.decode($0, body: &body) { keys.append($0) } }
        #expect(keys == ["typ", "x"])
    }

    @Test func truncationAtEveryByteIsMalformed() throws {
        let text = encode([0xff, 0xfe, 0], Self.everything).bytes
        for length in 0..<text.count { #expect(failure { try decode(Array(text.prefix(length))) }?.code == .malformed, "\(length) bytes") }
        #expect(try decode(text).0 == [0xff, 0xfe, 0])
    }

    @Test func everyByteOfABodySurvives() throws {
        let all = (0...255).map { UInt8($0) }
        let pairs: [UInt8] = all.flatMap { [0xc2, $0] }
        let bodies: [[UInt8]] = [all, all.reversed(), Array(all[..<0x80]), pairs]
        for body in bodies {
            #expect(try decode(encode(body)).0 == body)
        }
        for byte in all { #expect(try decode(encode([byte])).0 == [byte]) }
    }

    // MARK: - At random

    @Test func encodingAndDecodingIsTheIdentity() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let body = random.bytes(upTo: 200, of: seed % 2 == 0 ? nil : "a\"\\\n\u{7f}é\u{85}".bytes)
            let properties = random.properties(of: body)
            let (decoded, back) = try decode(encode(body, properties))
            #expect(decoded == body, "seed \(seed)")
            #expect(back == sendable(properties), "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test func mutatedRecordsDoNoHarm() {
        let rounds = Fuzz.rounds { random, seed in
            var text = encode(random.bytes(upTo: 10), random.properties(of: [])).bytes
            for _ in 0...Int.random(in: 0...4, using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let error = failure { try decode(text) }
            #expect(error == nil || error?.code == .malformed, "seed \(seed)")
        }
        #expect(rounds > 0)
    }
}

extension SeededGenerator {
    mutating func word() -> String { String(decoding: bytes(upTo: 10, of: "ab\"\\\n\0 ,%".bytes), as: UTF8.self) }

    mutating func perhaps<Value>(_ value: Value) -> Value? { Bool.random(using: &self) ? value : nil }

    fileprivate mutating func properties(of body: [UInt8]) -> MessageProperties {
        var properties = MessageProperties()
        properties.id = perhaps(word())
        properties.timestamp = perhaps(Int64.random(in: .min ... .max, using: &self))
        properties.attempts = perhaps(Int.random(in: 0...9, using: &self))
        properties.priority = perhaps(Int.random(in: 0...32767, using: &self))
        properties.type = perhaps(Int.random(in: 1...Int.max, using: &self))
        if Bool.random(using: &self) {
            let cut = Int.random(in: 0...body.count, using: &self)
            properties.frames = perhaps([cut, body.count - cut]) ?? [body.count]
        }
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            let type = ["String", "Number", "Binary", "Custom.\"x\""].randomElement(using: &self)!
            // Two of one name are no record.
            let name = word()
            if properties.attributes.contains(where: { $0.name == name }) { continue }
            properties.attributes.append(Attribute(name: name, type: type, value: bytes(upTo: 20)))
        }
        properties.group = perhaps(word())
        properties.dedup = perhaps(word())
        properties.delay = perhaps(.nanoseconds(Int64.random(in: 0..<1_000_000_000_000_000_000, using: &self)))
        return properties
    }
}
