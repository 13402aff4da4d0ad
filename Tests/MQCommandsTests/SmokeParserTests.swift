import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// What a person types behind `--for`, `--json` and their kin: understood as it should be, or refused with its place.
@Suite("Conditions and paths", .timeLimit(.minutes(1)))
struct SmokeParserTests {
    private static func status(_ facts: Fact...) -> QueueReading { .status(QueueStatus(address: "x:", facts: facts)) }
    private static let now: Int64 = 1_000_000_000_000

    private func obstacle(_ condition: String, _ reading: QueueReading) throws -> String? {
        try QueueCondition(parsing: condition, "--for").obstacle(reading, now: Self.now)
    }

    @Test("A number is compared by its sign")
    func numbers() throws {
        let queue = Self.status(Fact("messages", "Messages", .number(12)), Fact("in_flight", "In flight", .number(0)))
        for condition in [
            "depth=12", "depth>=12", "depth<=12", "depth>11", "depth<13", "depth!=0", "inflight=0", "messages=12", "depth<1k",
        ] {
            #expect(try obstacle(condition, queue) == nil, "\(condition)")
        }
        for condition in ["depth=0", "depth>12", "depth<12", "depth!=12", "depth>=13", "depth<=11"] {
            #expect(try obstacle(condition, queue) == "depth is 12", "\(condition)")
        }
    }

    @Test("A time is compared by its age, a flag and a text by their words")
    func otherValues() throws {
        let queue = Self.status(
            Fact("last_send", "Last sent", .time(Self.now - 60_000_000_000)), Fact("paused", "Paused", .flag(false)),
            Fact("owner", "Owner", .text("ada")), Fact("last_receive", "Last received", .time(0)))
        #expect(try obstacle("last_send<2m", queue) == nil)
        #expect(try obstacle("last_send<30s", queue) == "last_send is 1m")
        #expect(try obstacle("last_receive<1h", queue) == "last_receive is never")
        #expect(try obstacle("paused=no", queue) == nil)
        #expect(try obstacle("paused=yes", queue) == "paused is no")
        #expect(try obstacle("owner=ada", queue) == nil)
        #expect(try obstacle("owner!=ada", queue) == "owner is ada")
        for condition in ["owner<3", "paused<3", "last_send<many", "depht<3"] {
            #expect(failure { try obstacle(condition, queue) }?.code == .usage, "\(condition)")
        }
        #expect(failure { try obstacle("pause=no", queue) }?.hint == "did you mean paused?")
    }

    @Test("Empty is more than no message; gone and nonempty are what an answer says, never what a failure does")
    func words() throws {
        let unknown = QueueReading.unknown(TransportError(.unreachable, "connection refused"))
        let missing = QueueReading.missing(TransportError(.noSuchQueue, "no such queue"))
        for word in QueueCondition.words { #expect(try obstacle(word, unknown) == "connection refused") }
        for word in QueueCondition.words { #expect(try obstacle(word, missing) == (word == "gone" ? nil : "no such queue")) }
        let busy = Self.status(Fact("messages", "Messages", .number(0)), Fact("in_flight", "In flight", .number(1)))
        #expect(try obstacle("empty", busy) == "1 message in flight")
        #expect(try obstacle("nonempty", busy) == "1 message in flight only")
        #expect(try obstacle("exists", busy) == nil)
        #expect(try obstacle("gone", busy) == "it is there")
        let held = Self.status(Fact("messages", "Messages", .number(0)), Fact("deferred", "Deferred", .number(2)))
        #expect(try obstacle("empty", held) == "2 messages held back")
        #expect(try obstacle("empty", Self.status(Fact("messages", "Messages", .number(0)))) == nil)
        #expect(try obstacle("nonempty", Self.status(Fact("messages", "Messages", .number(0)))) == "no message")
        var topic = QueueStatus(address: "nsq:t", facts: [Fact("messages", "Messages", .number(0))])
        topic.parts = [QueueStatus(address: "nsq:t/c", facts: [Fact("in_flight", "In flight", .number(3))])]
        #expect(try obstacle("empty", .status(topic)) == "3 messages in flight")
    }

    @Test(
        "A condition that does not parse is refused with its place",
        arguments: [
            ("depth<ten", "character 7"), ("depth<", "character 7"), ("<3", "character 1"), ("de pth<3", "character 1"), ("upp", "up"),
            ("", "not a condition"),
        ])
    func badConditions(text: String, words: String) {
        let error = failure { try QueueCondition(parsing: text, "--for") }
        #expect(error?.code == .usage && error?.sentence.contains(words) == true, "\(error?.sentence ?? "")")
    }

    @Test(
        "A path finds its value",
        arguments: [
            ("a=1", #"{"a":1}"#), ("$.a.b=x", #"{"a":{"b":"x"}}"#), (".a[1]=true", #"{"a":[0,true]}"#),
            (#"["a.b"].c=null"#, #"{"a.b":{"c":null}}"#),
            (#"a={"y":[1,2.50],"x":"é"}"#, #"{"a": {"x":"é", "y":[1.0, 2.5]}}"#), ("=7", "7"), ("$=[]", "[ ]"), (#"a="1""#, #"{"a":"1"}"#),
            ("a=1e2", #"{"a":100}"#), ("a==", #"{"a":"="}"#), ("a=9007199254740993", #"{"a":9007199254740993}"#), ("[0][0]=x", #"[["x"]]"#),
        ])
    func paths(text: String, body: String) throws {
        let expectation = try JSONExpectation(parsing: text, "--json")
        #expect(body.bytes.withUnsafeBytes { expectation.obstacle($0) } == nil)
    }

    @Test(
        "A value that is another says which",
        arguments: [
            ("a=1", #"{"a":"1"}"#, "differs at a"), ("a=1", #"{"b":1}"#, "has no a"), ("a.b=1", #"{"a":1}"#, "has no a.b"),
            ("a[2]=1", #"{"a":[1]}"#, "has no a[2]"), ("a=1", "nonsense", "is not JSON"), ("a=1", "", "is not JSON"),
            ("a=9007199254740993", #"{"a":9007199254740992}"#, "differs at a"),
        ])
    func otherPaths(text: String, body: String, words: String) throws {
        let found = body.bytes.withUnsafeBytes { try? JSONExpectation(parsing: text, "--json").obstacle($0) }
        #expect(found?.message.hasPrefix(words) == true, "\(String(describing: found))")
    }

    @Test(
        "A path that does not parse is refused with its place",
        arguments: [
            ("a..b=1", "character 3"), ("a[=1", "character 3"), ("a[x]=1", "character 3"), ("a[0=1", "character 4"),
            ("a[0]b=1", "character 5"),
            ("a", "has no value"), ("$a=1", "character 2"), (#"["x]=1"#, "character 2"), ("a.=1", "character 3"), ("é..b=1", "character 3"),
            ("a[99999999999999999999]=1", "character 3"),
        ])
    func badPaths(text: String, words: String) {
        let error = failure { try JSONExpectation(parsing: text, "--json") }
        #expect(error?.code == .usage && error?.sentence.contains(words) == true, "\(error?.sentence ?? "none")")
    }

    @Test("Whatever is typed is understood or refused")
    func fuzz() {
        let pieces = [
            "depth", "<", ">=", "!", "=", "10", "5m", "[", "]", "\"", ".", "$", "\\", "é", "{", "}", ",", "\u{0}", "up", "0", "a",
        ]
        let body = Array(#"{"a":[{"é":1},"x"],"depth":{"up":[0]}}"#.utf8)
        let rounds = Fuzz.rounds(for: .milliseconds(300)) { random, seed in
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
            for error in [
                failure { try QueueCondition(parsing: text, "--for") },
                failure { _ = try JSONExpectation(parsing: text, "--json").obstacle(body.withUnsafeBytes { $0 }) },
            ] { #expect(error == nil || error?.code == .usage, "seed \(seed): \(text)") }
            let noise = random.bytes(upTo: 40, of: body)
            if let path = try? JSONExpectation(parsing: "a[0].b=1", "--json") { _ = noise.withUnsafeBytes { path.obstacle($0) } }
        }
        #expect(rounds > 10)
    }

    @Test("A difference shows its byte and both sides, binary in hexadecimal")
    func differences() throws {
        func difference(_ expected: [UInt8], _ received: [UInt8]) -> BodyDifference? {
            received.withUnsafeBytes { BodyDifference(expected: expected, received: $0) }
        }
        #expect(difference("abc".bytes, "abc".bytes) == nil)
        let text = try #require(difference("hello".bytes, "hellO".bytes))
        #expect(text.byte == 5 && text.details == ["expected: hello", "received: hellO"])
        let binary = try #require(difference([0, 1, 2], [0, 1]))
        #expect(binary.byte == 3 && binary.details == ["expected: 00 01 02", "received: 00 01"])
        let long = Array(repeating: UInt8(ascii: "x"), count: 500)
        let late = try #require(difference(long, Array(long.prefix(400)) + "é".bytes))
        #expect(late.byte == 401 && late.details.allSatisfy { $0.contains(": …xxx") } && late.details[0].hasSuffix("…"))
        #expect(difference("é".bytes, "è".bytes)?.details == ["expected: é", "received: è"])
        #expect(difference([], "x".bytes)?.details == ["expected: (nothing)", "received: x"])
    }
}
