import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// What `mq post` decides without a network.
@Suite(.timeLimit(.minutes(1)))
struct PostValueTests {
    // MARK: - Retry-After

    @Test(arguments: [
        ("0", 0), ("120", 120), ("43200", 43200), ("43201", 43200), ("99999999999999999999", 43200),
        // now is Sun, 06 Nov 1994 08:49:37 GMT
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:49:47 GMT", 10), ("Sun Nov  6 09:49:37 1994", 3600),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 43200),
    ])
    func retryAfterIsUnderstoodInEachFormAndClamped(text: String, seconds: Int) {
        #expect(RetryAfter.delay(text, now: 784_111_777) == .seconds(seconds))
    }

    @Test(arguments: [
        "", " 5", "-5", "1.5", "soon", "5s", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:9:7 GMT",
    ])
    func whatIsNoRetryAfterIsNone(text: String) { #expect(RetryAfter.delay(text, now: 784_111_777) == nil) }

    @Test func anyBytesAreReadAsARetryAfterOrNot() {
        var generator = SeededGenerator(seed: 11)
        let pieces = ["Sun", ",", " ", "06", "Nov", "1994", "94", "-", ":", "08:49:37", "GMT", "é", "\u{0}", "99999999999999999999"]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }.joined()
            let delay = RetryAfter.delay(text, now: 784_111_777)
            #expect(delay.map { $0 >= .zero && $0 <= RetryAfter.limit } ?? true)
        }
    }

    // MARK: - URLs

    @Test(arguments: [
        ("http://127.0.0.1:8080/work", "http://127.0.0.1:8080", "/work"), ("https://example.com", "https://example.com", "/"),
        ("http://[::1]:80/a?b=%20", "http://[::1]:80", "/a?b=%20"), ("HTTP://h?x", "HTTP://h", "/?x"),
    ])
    func aURLIsDividedIntoItsServerAndItsPath(text: String, origin: String, path: String) throws {
        let url = try PostURL(text)
        #expect(url.origin == origin && url.path == path)
    }

    @Test func aPasswordIsSentAndNeverShown() throws {
        let url = try PostURL("https://me:p%40ss@example.com:8443/work")
        #expect(url.text == "https://me:p%40ss@example.com:8443/work" && url.shown == "https://example.com:8443/work")
    }

    @Test(arguments: [
        "", "work", "ftp://h/", "http:/h", "http://", "http:///x", "http://h:0/", "http://h:99999/", "http://h:x/", "http://h/a b",
        "http://[::1/",
        "http://h/\n", "http://u@/", "http://h/#part", "http://h:/", "sqs:jobs", "http://é/",
    ])
    func whatIsNoURLIsRefused(text: String) {
        let error = failure { try PostURL(text) }
        #expect(error?.code == .usage && error?.message.contains("is not a URL to post to") == true, "\(error?.message ?? "accepted")")
    }

    // MARK: - Headers

    private func headers(
        _ properties: MessageProperties, _ contract: PostContract = .mq, body: String = "{}", given: [(name: String, value: String)] = []
    ) -> (list: [String: String], dropped: [String]) {
        let maker = PostHeaders(contract: contract, queue: "sqs:jobs", given: given, contentType: nil)
        var dropped: [String] = []
        let list = body.bytes.withUnsafeBytes { bytes in
            maker.list(properties, bytes, now: 1_767_323_045_678_901_234) { dropped.append($0) }
        }
        return (Dictionary(list.map { ($0.name, $0.value) }) { $0 + "|" + $1 }, dropped)
    }

    @Test func aMessageIsDescribedByItsHeaders() {
        var properties = MessageProperties()
        (properties.id, properties.attempts, properties.timestamp) = ("m-1", 3, 1_767_323_045_000_000_000)
        properties.attributes = [Attribute(name: "kind", value: "täg".bytes), Attribute(name: "n", type: "Number", value: "3".bytes)]
        let found = headers(properties)
        #expect(
            found.list == [
                "Content-Type": "application/json", "User-Agent": "mq/\(Build.version)", "Mq-Id": "m-1", "Mq-Queue": "sqs:jobs",
                "Mq-Attempt": "3", "Mq-Timestamp": "2026-01-02T03:04:05.000000000Z", "Mq-Attr-kind": "täg", "Mq-Attr-n": "3",
            ])
        #expect(found.dropped.isEmpty)
    }

    @Test func theContractOfElasticBeanstalkIsKept() {
        var properties = MessageProperties()
        (properties.id, properties.attempts, properties.firstReceived) = ("m-1", 2, 1_767_323_000_500_000_000)
        properties.attributes = [
            Attribute(name: "kind", value: "a".bytes), Attribute(name: "raw", type: "Binary", value: [0, 1]),
            Attribute(name: "n", type: "Number.int", value: "3".bytes),
        ]
        let found = headers(properties, .eb, body: "not json")
        #expect(
            found.list == [
                "Content-Type": "application/json", "User-Agent": "aws-sqsd/2.0 mq/\(Build.version)", "X-Aws-Sqsd-Msgid": "m-1",
                "X-Aws-Sqsd-Queue": "sqs:jobs", "X-Aws-Sqsd-First-Received-At": "2026-01-02T03:03:20Z", "X-Aws-Sqsd-Receive-Count": "2",
                "X-Aws-Sqsd-Attr-kind": "a", "X-Aws-Sqsd-Attr-n": "3",
            ])
        #expect(found.dropped.isEmpty)
        // Delivered for the first time, it was received now.
        #expect(headers(MessageProperties(), .eb).list["X-Aws-Sqsd-First-Received-At"] == "2026-01-02T03:04:05Z")
    }

    @Test func whatAHeaderCannotHoldIsLeftOutWithAReason() {
        var properties = MessageProperties()
        properties.id = "a\r\nEvil: 1"
        let values: [(String, [UInt8], String)] = [
            ("nul", [0x61, 0], "its value holds a NUL"), ("cr", [0x61, 0x0d], "its value holds an end of line"),
            ("lf", "a\nEvil: 1".bytes, "its value holds an end of line"), ("bell", [7], "its value holds a control character"),
            ("raw", [0xff], "its value is not text"), ("big", [UInt8](repeating: 0x61, count: 128 << 10), "its value is over 8192 bytes"),
            ("a b", "x".bytes, "its name cannot be part of a header's"), ("a:b", "x".bytes, "its name cannot be part of a header's"),
            ("", "x".bytes, "its name cannot be part of a header's"), ("é", "x".bytes, "its name cannot be part of a header's"),
        ]
        properties.attributes = values.map { Attribute(name: $0.0, value: $0.1) }
        let found = headers(properties)
        #expect(Set(found.list.keys) == ["Content-Type", "User-Agent", "Mq-Queue", "Mq-Attempt"])
        #expect(found.dropped == values.map { "attribute \($0.0) is left out of the headers: \($0.2)" })
    }

    @Test func headersOfAttributesAreBoundedTogether() {
        var properties = MessageProperties()
        properties.attributes = (0..<6).map { Attribute(name: "a\($0)", value: [UInt8](repeating: 0x61, count: 8000)) }
        let found = headers(properties)
        #expect(found.list.keys.count { $0.hasPrefix("Mq-Attr-") } == 4 && found.dropped.count == 2)
    }

    @Test func whatTheUserSaysCountsMore() throws {
        let given = [try PostHeaders.parse("content-type: text/plain "), try PostHeaders.parse("Authorization:Bearer x:y")]
        let found = headers(MessageProperties(), given: given).list
        #expect(found["content-type"] == "text/plain" && found["Content-Type"] == nil && found["Authorization"] == "Bearer x:y")
    }

    @Test(arguments: [
        ("X", "--header 'X' has no colon"), (": x", "--header ': x': '' is not the name of a header"),
        ("a b: x", "--header 'a b: x': 'a b' is not the name of a header"), ("Host: x", "--header Host: mq sets that one itself"),
        ("content-length: 3", "--header content-length: mq sets that one itself"),
        ("X: a\r\nY: b", "--header X: the value holds an end of line"),
        ("X: \u{0}", "--header X: the value holds a NUL"),
    ])
    func aHeaderThatIsNoneIsRefused(text: String, sentence: String) {
        let error = failure { try PostHeaders.parse(text) }
        #expect(error?.code == .usage && error?.message == sentence)
    }

    @Test(arguments: [
        (#"{"a": [1, true]}"#, "application/json"), ("3", "application/json"), ("", "application/octet-stream"),
        ("{}{}", "application/octet-stream"), ("hello", "application/octet-stream"), ("{\u{0}}", "application/octet-stream"),
    ])
    func theContentTypeIsGuessedFromTheBody(body: String, type: String) {
        #expect(headers(MessageProperties(), body: body).list["Content-Type"] == type)
    }

    // MARK: - Ids

    @Test func idsThatAreDoneAreKnownUpToTheirNumber() {
        var recent = RecentIDs(capacity: 2)
        #expect(recent.begin("a", at: 1) == .new && recent.begin("a", at: 2) == .copy(of: 1))
        recent.end("a", isDone: false)
        #expect(recent.begin("a", at: 3) == .new)
        recent.end("a", isDone: true)
        #expect(recent.begin("a", at: 4) == .done)
        for id in ["b", "c"] {
            #expect(recent.begin(id, at: 5) == .new)
            recent.end(id, isDone: true)
        }
        #expect(recent.begin("b", at: 6) == .done && recent.begin("c", at: 7) == .done && recent.begin("a", at: 8) == .new)
    }

    @Test func whatEachAnswerMeans() throws {
        let rules = try VerdictRules(parsing: ["409,413=retry", "410=reject"], codes: 100...599, what: "an HTTP status")
        let plain = PostAnswers(contract: .mq, rules: VerdictRules())
        for (statuses, word) in [
            ([200, 201, 204, 299], VerdictRules.Word.ok), ([301, 302, 304, 307, 308], .retry),
            ([408, 425, 429, 500, 502, 503, 504, 599, 700], .retry),
            ([400, 401, 403, 404, 409, 413, 422, 499], .reject), ([410], .stop),
        ] {
            for status in statuses { #expect(plain.meaning(of: status) == word, "\(status)") }
        }
        let ruled = PostAnswers(contract: .mq, rules: rules)
        #expect(ruled.meaning(of: 409) == .retry && ruled.meaning(of: 410) == .reject && ruled.meaning(of: 404) == .reject)
        let strict = PostAnswers(contract: .eb, rules: VerdictRules())
        #expect(strict.meaning(of: 200) == .ok)
        for status in [201, 204, 302, 400, 404, 410, 500] { #expect(strict.meaning(of: status) == .retry, "\(status)") }
    }
}
