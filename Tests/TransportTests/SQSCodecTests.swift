import MQCore
import MQNet
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func reply(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> ServiceFailure {
    ServiceFailure(HTTPReply(status: status, headers: headers, body: bytes(body)), operation: "SendMessageBatch", now: WallClock.seconds)
}

@Suite("sqs replies and requests", .timeLimit(.minutes(1)))
struct SQSCodecTests {
    // MARK: Replies

    @Test(arguments: ["{}", "{\"Messages\":null}", "{\"Messages\":[]}", "{\"Other\":1}"])
    func noMessagesAreNoMessages(text: String) throws { #expect(try ReceiveReply.parse(bytes(text)).isEmpty) }

    @Test(arguments: [
        "", "[]", "{\"Messages\":[{}]}", "{\"Messages\":[1]}", "{\"Messages\":[{\"Body\":\"x\"}]}", "{\"Messages\":[", "<html>",
    ])
    func whatIsNoReplyIsMalformed(text: String) { #expect(throws: TransportError.self) { try ReceiveReply.parse(bytes(text)) } }

    @Test func aMessageIsReadWithEverythingBesideIt() throws {
        let text = """
            {"Messages":[{"MessageId":"m","ReceiptHandle":"r/+=","MD5OfBody":"900150983cd24fb0d6963f7d28e17f72","Body":"abc","Odd":[{}],
            "Attributes":{"SentTimestamp":"1700000000123","ApproximateReceiveCount":"3","MessageGroupId":"g","MessageDeduplicationId":"d"},
            "MessageAttributes":{"n":{"DataType":"Number","StringValue":"42"},"b":{"DataType":"Binary","BinaryValue":"AAE="}}}]}
            """
        let message = try #require(try ReceiveReply.parse(bytes(text)).first)
        #expect(message.body == bytes("abc") && message.handle == bytes("r/+="))
        #expect(message.digest == bytes("abc").withUnsafeBytes { try! Crypto.shared().md5($0) })
        let properties = message.properties
        #expect(properties.id == "m" && properties.timestamp == 1_700_000_000_123_000_000 && properties.attempts == 3)
        #expect(properties.group == "g" && properties.dedup == "d")
        #expect(
            properties.attributes == [
                Attribute(name: "n", type: "Number", value: bytes("42")), Attribute(name: "b", type: "Binary", value: [0, 1]),
            ])
    }

    @Test func aMarkedBodyIsDecodedAndItsMarkRemoved() {
        var message = ReceivedMessage()
        message.body = bytes("AAEC")
        message.attributes = [MessageText.marker, Attribute(name: "a", value: [65])]
        message.decode()
        #expect(message.body == [0, 1, 2] && message.attributes.map(\.name) == ["a"])
        message.attributes = [MessageText.marker]
        message.body = bytes("no base64")
        message.decode()
        #expect(message.body == bytes("no base64"))
    }

    @Test func aBatchReplyIsReadInAnyOrderAndWithWordsForTruth() throws {
        let text = """
            {"Failed":[{"Id":"3","SenderFault":"false","Code":"InternalError"},{"Id":"4","SenderFault":true,"Code":"AWS.Simple.InvalidX","Message":"no"}],
            "Successful":[{"Id":"2","MessageId":"m","MD5OfMessageBody":"zz"},{"Id":"x"},7]}
            """
        let reply = try SendReply(parsing: bytes(text))
        #expect(reply.successes.map(\.position) == [2, -1])
        #expect(reply.successes[0].digest == MD5())
        #expect(reply.failures.map(\.position) == [3, 4] && reply.failures.map(\.isSenderFault) == [false, true])
        #expect(reply.failures[1].code == "InvalidX")
        #expect(try SendReply(parsing: bytes("{\"Successful\":null,\"Failed\":null}")).successes.isEmpty)
    }

    @Test func noBytesMakeAParserFailOtherwise() {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"Messages\":", "\"Successful\":[", "\"Failed\":[", "\"Id\":\"1\"", "\"Body\":\"x\"",
            "\"ReceiptHandle\":\"h\"", "null", "true", "1",
            "\"Attributes\":{", "\"MessageAttributes\":{\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"AA==\"}}", "\"\\u00", "\u{1F600}",
            "\"MD5OfBody\":\"00\"", "\"Results\":[",
        ]
        let rounds = Fuzz.rounds { generator, seed in
            var text: [UInt8] = generator.next() % 3 == 0 ? [] : bytes("{\"Messages\":[{")
            for _ in 0..<Int.random(in: 0...14, using: &generator) { text += bytes(pieces.randomElement(using: &generator)!) }
            if generator.next() % 2 == 0 { text += generator.bytes(upTo: 12) }
            func survives(_ parse: () throws -> Void) {
                do { try parse() } catch { #expect((error as? TransportError)?.code == .malformed, "seed \(seed)") }
            }
            survives { _ = try ReceiveReply.parse(text) }
            survives { _ = try SendReply(parsing: text) }
            survives { _ = try QueueAttributes(parsing: text) }
            survives { _ = try MoveTask(parsing: text) }
            survives { _ = try SQSAdmin.queues(in: text) }
            let failure = ServiceFailure(
                HTTPReply(
                    status: 400 + Int(generator.next() % 200), headers: [("Date", String(decoding: text, as: UTF8.self))], body: text),
                operation: "X", now: WallClock.seconds)
            #expect(!failure.error.message.isEmpty)
        }
        #expect(rounds > 100)
    }

    // MARK: Errors

    @Test func anErrorIsReadInEveryFormAndGetsItsCode() {
        let json = reply(400, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"gone\"}", [("x-amzn-RequestId", "r-1")])
        #expect(json.error.code == .noSuchQueue && json.error.message.contains("r-1"))
        let xml = reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not &lt;you&gt;</Message></Error></ErrorResponse>")
        #expect(xml.error.code == .permission && xml.error.message.contains("not <you>"))
        #expect(reply(503, "<html><title>Busy</title></html>").kind == .transient)
        #expect(reply(503, "").error.isRetriable)
        #expect(reply(400, "{\"__type\":\"ThrottlingException\"}").error.code == .tryAgain)
        #expect(reply(429, "").kind == .throttled)
        #expect(reply(400, "{\"__type\":\"x#InvalidClientTokenId\",\"Message\":\"m\"}").error.code == .permission)
        #expect(reply(403, "{\"__type\":\"ExpiredTokenException\"}").kind == .expiredCredentials)
        #expect(reply(400, "{\"__type\":\"UnknownOperationException\"}").kind == .unknownOperation)
        #expect(reply(400, "", [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")]).error.code == .noSuchQueue)
        #expect(reply(400, "{\"__type\":\"AWS.SimpleQueueService.BatchRequestTooLong\"}").kind == .batchTooLong)
    }

    @Test func aSkewedClockIsToldFromAWrongKey() {
        let wrong = reply(403, "{\"__type\":\"InvalidSignatureException\",\"message\":\"does not match\"}")
        #expect(wrong.kind == .final && wrong.error.code == .permission)
        let late = reply(
            403, "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: x\"}",
            [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
        #expect(late.kind == .skewed && late.serviceTime == 784_111_777)
    }

    @Test(
        arguments: [
            ("2025-01-31T12:00:00Z", 1_738_324_800), ("2025-01-31T12:00:00.123Z", 1_738_324_800),
            ("2025-01-31T13:00:00+01:00", 1_738_324_800),
            ("2025-01-31T12:00:00", 1_738_324_800), ("2025-01-31", nil), ("2025-13-31T12:00:00Z", nil), ("2025-01-31T12:00:00Zx", nil),
            ("", nil),
        ] as [(String, Int64?)])
    func momentsAreRead(text: String, seconds: Int64?) { #expect(ServiceTime.parse(text) == seconds) }

    // MARK: Retries

    @Test func aRequestIsTriedAFewTimesWithGrowingPausesAndTheQuotaEnds() {
        var policy = RetryPolicy()
        var history = RetryPolicy.History()
        var pauses: [Duration] = []
        while case .after(let pause) = policy.decide(.transient, &history, random: 1) { pauses.append(pause) }
        #expect(pauses.count == RetryPolicy.attempts - 1)
        #expect(pauses == pauses.sorted() && pauses.first == .milliseconds(50) && pauses.last! <= .seconds(20))
        var unreachable = RetryPolicy.History()
        var tries = 1
        while policy.decide(.unreachable, &unreachable, random: 0) == .after(.zero) { tries += 1 }
        #expect(tries == RetryPolicy.unreachableAttempts)
        var exhausted = 0
        for _ in 0..<200 {
            var other = RetryPolicy.History()
            if policy.decide(.throttled, &other, random: 0) == .giveUp { exhausted += 1 }
        }
        #expect(exhausted > 50)
    }

    @Test func clockAndTokenArePutRightOnce() {
        var policy = RetryPolicy()
        var history = RetryPolicy.History()
        #expect(policy.decide(.skewed, &history, random: 1) == .now)
        #expect(policy.decide(.skewed, &history, random: 1) == .giveUp)
        #expect(policy.decide(.expiredCredentials, &history, random: 1) == .now)
        #expect(policy.decide(.expiredCredentials, &history, random: 1) == .giveUp)
        #expect(policy.decide(.final, &history, random: 1) == .giveUp)
    }

    // MARK: Messages

    @Test(
        arguments: [
            (bytes("plain\t\r\n ok"), nil), (bytes("\u{e9}\u{1F600}\u{FFFD}\u{7f}"), nil), (bytes("ab\u{1b}"), 2), ([0], 0),
            ([0x61, 0xff], 1),
            (bytes("\u{e9}") + [0xef, 0xbf, 0xbe], 2), (bytes("x\u{FFFF}"), 1), ([0xed, 0xa0, 0x80], 0), (bytes("\u{e9}") + [0xc3], 2),
        ] as [([UInt8], Int?)])
    func whatNoTextMayHoldIsFoundWithItsPlace(text: [UInt8], offset: Int?) {
        #expect(text.withUnsafeBytes { MessageText.firstRefused(in: $0) }?.offset == offset)
    }

    @Test func confirmationsHaveNoHolesAndStopAtWhatWasRefused() {
        var prefix = ConfirmedPrefix()
        prefix.accept(5)
        for position in [1, 4, 0] { prefix.confirm(position) }
        prefix.advance()
        #expect(prefix.confirmed == 2 && !prefix.isComplete)
        prefix.reject(2, TransportError(.unsendable, "no"))
        prefix.confirm(3)
        prefix.advance()
        #expect(prefix.confirmed == 2 && prefix.isComplete)
        #expect(prefix.takeRejections().map(\.position) == [2])
        prefix.advance()
        #expect(prefix.confirmed == 2 && prefix.takeRejections().isEmpty)
        prefix.passTold()
        #expect(prefix.confirmed == 5 && prefix.accepted == 5)
    }

    @Test func heldMessagesAreNumberedSettledAndKept() {
        var held = HeldMessages()
        let numbers = (0..<3000).map { held.add([UInt8($0 & 255)], at: UInt64($0)) }
        held.keep(Array(numbers[..<10]), due: 50)
        held.keep(Array(numbers[10..<20]), due: 20)
        #expect(held.nextBeat() == 20 && held.takeBeat(at: 10).isEmpty && held.takeBeat(at: 20) == Array(numbers[10..<20]))
        #expect(held.leave(3) && !held.leave(3) && !held.leave(9999) && !held.leave(-1))
        for number in numbers[..<2999] { held[number] = nil }
        #expect(held.count == 1 && held[2999]?.handle == [UInt8(2999 & 255)] && held[0] == nil)
        #expect(held.nextBeat() == nil && held.staying == [2999])
        #expect(held.add([1], at: 0) == 3000)
    }
}
