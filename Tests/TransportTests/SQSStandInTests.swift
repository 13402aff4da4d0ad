import Glibc
import MQStandIns
import MQTesting
import Testing

/// The stand-in of SQS, looked at by raw requests: each fault is what it says it is.
@Suite("SQS's stand-in", .ownThread, .timeLimit(.minutes(2)))
struct SQSStandInTests {
    /// A request as clients sign it; the stand-in looks at the time of the signature only.
    static func call(
        _ service: SQSStandIn, _ operation: String, _ json: String, headers: [String: String] = [:], limit: Duration = .seconds(5)
    ) throws -> LoopbackHTTP {
        var all = [
            "X-Amz-Target": "AmazonSQS.\(operation)", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": date(),
            "Authorization": "AWS4-HMAC-SHA256 Credential=x",
        ]
        all.merge(headers) { $1 }
        return try LoopbackHTTP.request("POST", "/", port: service.port, headers: all, body: Array(json.utf8), limit: limit)
    }

    static func date(off seconds: Int = 0) -> String {
        var (now, parts) = (time(nil) + seconds, tm())
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, 32, "%Y%m%dT%H%M%SZ", &parts)
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    static func service(_ change: (inout SQSStandIn.Settings) -> Void = { _ in }) throws -> SQSStandIn {
        var settings = SQSStandIn.Settings()
        change(&settings)
        let service = try SQSStandIn(settings)
        service.createQueue("q")
        return service
    }

    static func batch(_ service: SQSStandIn, _ count: Int) -> String {
        let entries = (0..<count).map { #"{"Id":"\#($0)","MessageBody":"body \#($0)"}"# }
        return #"{"QueueUrl":"\#(service.url(of: "q"))","Entries":[\#(entries.joined(separator: ","))]}"#
    }

    static func receive(_ service: SQSStandIn, _ more: String = #","MaxNumberOfMessages":10"#) throws -> String {
        try call(service, "ReceiveMessage", #"{"QueueUrl":"\#(service.url(of: "q"))"\#(more)}"#).text
    }

    @Test func whatIsSentIsReceivedWithTheChecksumOfItsBytes() throws {
        let service = try Self.service()
        let sent = try Self.call(service, "SendMessage", #"{"QueueUrl":"\#(service.url(of: "q"))","MessageBody":"a\tb\u00e9"}"#)
        #expect(sent.text.contains(Self.md5("a\tbé")), "\(sent.text)")
        let received = try Self.receive(service)
        #expect(received.contains(#""Body":"a\tb"#) && received.contains(Self.md5("a\tbé")), "\(received)")
        #expect(try Self.receive(service) == "{}")
        #expect(service.inFlight(in: "q") == 1)
    }

    /// By another program.
    static func md5(_ text: String) -> String {
        let result = try? Executable("/usr/bin/md5sum").run([], input: .text(text))
        return String(result?.text.prefix(32) ?? "no md5sum")
    }

    /// Everything that comes back until the end of the connection.
    private static func exchange(_ service: SQSStandIn, _ parts: [String]) throws -> String {
        let socket = try LoopbackSocket.connect(port: service.port)
        socket.setReadLimit(.seconds(5))
        for part in parts {
            socket.write(part)
            usleep(5000)
        }
        var input: [UInt8] = []
        while true {
            switch socket.read(appendingTo: &input) {
            case .bytes: continue
            case .timedOut: throw ConformanceFailure("the connection has no end")
            case .ended, .failed: return String(decoding: input, as: UTF8.self)
            }
        }
    }

    @Test func aBodyMayComeInChunks() throws {
        let service = try Self.service { $0.acceptsUnsigned = true }
        let head =
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nX-Amz-Target: AmazonSQS.GetQueueUrl\r\n"
        let reply = try Self.exchange(service, [head, "\r\nb\r\n{\"QueueName", "\r\n6\r\n\":\"q\"}\r", "\n0\r\n", "\r\n"])
        #expect(reply.hasPrefix("HTTP/1.1 200 ") && reply.contains("/q\""), "\(reply)")
        #expect(try Self.exchange(service, [head + "\r\nnonsense\r\n"]).hasPrefix("HTTP/1.1 400 "))
    }

    @Test func aConnectionOfHTTP10EndsWithItsAnswer() throws {
        let service = try Self.service { $0.acceptsUnsigned = true }
        let reply = try Self.exchange(service, ["GET /?Action=GetQueueUrl&QueueName=q HTTP/1.0\r\n\r\n"])
        #expect(reply.hasPrefix("HTTP/1.1 200 ") && reply.contains("/q</QueueUrl>"), "\(reply)")
    }

    @Test func aLongPollEndsWhenAMessageComes() throws {
        let service = try Self.service()
        let polling = Background { try Self.receive(service, #","WaitTimeSeconds":20"#) }
        usleep(100_000)
        #expect(!polling.isDone)
        let begin = ContinuousClock.now
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 1)).status == 200)
        #expect(try polling.join().contains("body 0"))
        #expect(ContinuousClock.now - begin < .seconds(2))
    }

    @Test func whoLeavesALongPollTakesNothingAlong() throws {
        let service = try Self.service()
        #expect(throws: ConformanceFailure.self) {
            try Self.call(
                service, "ReceiveMessage", #"{"QueueUrl":"\#(service.url(of: "q"))","WaitTimeSeconds":20}"#, limit: .milliseconds(200))
        }
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 3)).status == 200)
        usleep(200_000)
        #expect(service.inFlight(in: "q") == 0)
    }

    @Test func aReceiptIsGoodForOneReceive() throws {
        let service = try Self.service { $0.hasLongReceipts = true }
        _ = try Self.call(service, "SendMessageBatch", Self.batch(service, 1))
        func receipt(_ text: String) -> String {
            let parts = text.split(separator: "\"").map(String.init)
            return parts.firstIndex(of: "ReceiptHandle").map { parts[$0 + 2] } ?? ""
        }
        func settle(_ operation: String, _ receipt: String, _ more: String = "") throws -> LoopbackHTTP {
            try Self.call(service, operation, #"{"QueueUrl":"\#(service.url(of: "q"))","ReceiptHandle":"\#(receipt)"\#(more)}"#)
        }
        let first = receipt(try Self.receive(service))
        #expect(first.utf8.count > 1024)
        #expect(try settle("ChangeMessageVisibility", first, #","VisibilityTimeout":0"#).status == 200)
        let second = receipt(try Self.receive(service))
        #expect(second != first)
        #expect(try settle("DeleteMessage", first).status == 200)
        #expect(service.bodies(in: "q")?.count == 1)
        #expect(try settle("DeleteMessage", second).status == 200)
        #expect(service.bodies(in: "q")?.count == 0)
        #expect(try settle("DeleteMessage", "nonsense").text.contains("ReceiptHandleIsInvalid"))
    }

    @Test func requestsThatAreWrongAreRefused() throws {
        let service = try Self.service { ($0.maximumMessageSize, $0.maximumBatchSize) = (100, 150) }
        let url = service.url(of: "q")
        func send(_ body: String) throws -> LoopbackHTTP {
            try Self.call(service, "SendMessage", #"{"QueueUrl":"\#(url)","MessageBody":"\#(body)"}"#)
        }
        #expect(try send("").status == 400)
        #expect(try send(#"\u0001"#).text.contains("InvalidMessageContents"))
        #expect(try send(#"\ufffe"#).text.contains("InvalidMessageContents"))
        #expect(try send(String(repeating: "x", count: 101)).text.contains("must be shorter than 100 bytes"))
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 11)).text.contains("TooManyEntriesInBatchRequest"))
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 0)).text.contains("EmptyBatchRequest"))
        let unknown = try Self.call(service, "GetQueueUrl", #"{"QueueName":"unknown"}"#)
        #expect(unknown.status == 400 && unknown.text.contains("#QueueDoesNotExist"))
        #expect(unknown.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender")
        #expect(try Self.call(service, "ListQueues", "{}", headers: ["Authorization": "none"]).text.contains("MissingAuthenticationToken"))
        #expect(try Self.call(service, "SendMessage", "no json").text.contains("SerializationException"))
        #expect(service.bodies(in: "q")?.isEmpty == true)
    }

    @Test func aClockThatIsOffIsToldTheRightTime() throws {
        let service = try Self.service { $0.clockSkew = .seconds(1000) }
        let refused = try Self.call(service, "ListQueues", "{}")
        #expect(refused.status == 403 && refused.text.contains("Signature expired"), "\(refused.text)")
        #expect(refused.headers["date"]?.hasSuffix("GMT") == true)
        #expect(try Self.call(service, "ListQueues", "{}", headers: ["X-Amz-Date": Self.date(off: 1000)]).status == 200)
    }

    // MARK: faults

    @Test func aConnectionClosesBeforeOrAfterTheWork() throws {
        let service = try Self.service { $0.faults.closedConnection = 1 }
        #expect(throws: ConformanceFailure.self) { try Self.call(service, "SendMessageBatch", Self.batch(service, 2)) }
        #expect(service.bodies(in: "q")?.count == 0)
        service.change { ($0.faults.closedConnection, $0.faults.lostReply) = (0, 1) }
        #expect(throws: ConformanceFailure.self) { try Self.call(service, "SendMessageBatch", Self.batch(service, 2)) }
        #expect(service.bodies(in: "q")?.count == 2)
        service.change { ($0.faults.lostReply, $0.faults.truncatedReply) = (0, 1) }
        let cut = try Self.call(service, "SendMessageBatch", Self.batch(service, 2))
        #expect(cut.body.count < Int(cut.headers["content-length"] ?? "0") ?? 0)
        service.change { ($0.faults.truncatedReply, $0.faults.hang) = (0, 1) }
        #expect(throws: ConformanceFailure.self) {
            try Self.call(service, "SendMessageBatch", Self.batch(service, 2), limit: .milliseconds(300))
        }
        #expect(service.faultsPlayed == ["closedConnection": 1, "lostReply": 1, "truncatedReply": 1, "hang": 1])
    }

    @Test func errorsComeInEveryForm() throws {
        let service = try Self.service { $0.faults.throttle = 1 }
        #expect(try Self.call(service, "ListQueues", "{}").text.contains("#RequestThrottled"))
        service.change { ($0.faults.throttle, $0.faults.serverError) = (0, 1) }
        #expect(try Self.call(service, "ListQueues", "{}").status >= 500)
        service.change { ($0.faults.serverError, $0.faults.xmlError) = (0, 1) }
        #expect(try Self.call(service, "ListQueues", "{}").text.hasPrefix("<?xml"))
        service.change { ($0.faults.xmlError, $0.faults.htmlError) = (0, 1) }
        #expect(try Self.call(service, "ListQueues", "{}").text.hasPrefix("<html>"))
    }

    @Test func entriesOfABatchFailInEveryWay() throws {
        let service = try Self.service { $0.faults.missingEntry = 1 }
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 2)).text == #"{"Successful":[]}"#)
        service.change { ($0.faults.missingEntry, $0.faults.failedEntry) = (0, 1) }
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 2)).text.contains(#""SenderFault":false"#))
        service.change { ($0.faults.failedEntry, $0.faults.failedEntryAsText, $0.faults.nulls) = (0, 1, 1) }
        let text = try Self.call(service, "SendMessageBatch", Self.batch(service, 2)).text
        #expect(text.contains(#""SenderFault":"false""#) && text.contains(#""Successful":null"#), "\(text)")
        service.change { ($0.faults.failedEntryAsText, $0.faults.senderFault) = (0, 1) }
        #expect(try Self.call(service, "SendMessageBatch", Self.batch(service, 2)).text.contains(#""SenderFault":true"#))
        #expect(service.bodies(in: "q")?.count == 0)
        #expect(try Self.receive(service) == #"{"Messages":null}"#)
    }

    @Test func repliesAreShuffledPartFilledWrongAndCompressed() throws {
        let service = try Self.service { ($0.faults.shuffled, $0.faults.wrongMD5) = (1, 1) }
        let sent = try Self.call(service, "SendMessageBatch", Self.batch(service, 10)).text
        let ids = sent.split(separator: "\"Id\":\"").dropFirst().compactMap { Int($0.prefix(1)) }
        #expect(ids.sorted() == Array(0..<10) && ids != Array(0..<10))
        #expect(!sent.contains(Self.md5("body 0")))
        service.change { ($0.faults.wrongMD5, $0.faults.partFilled) = (0, 1) }
        let received = try Self.receive(service)
        #expect((1..<10).contains(received.split(separator: "\"Body\"").count - 1))
        service.change { ($0.faults.partFilled, $0.faults.gzip) = (0, 1) }
        let request = #"{"QueueUrl":"\#(service.url(of: "q"))","MaxNumberOfMessages":10}"#
        let packed = try Self.call(service, "ReceiveMessage", request, headers: ["Accept-Encoding": "gzip"])
        #expect(packed.headers["content-encoding"] == "gzip")
        let unpacked = try Executable("/bin/gzip").run(["-dc"], input: .bytes(packed.body))
        #expect(unpacked.status == 0 && unpacked.text.contains("\"Body\""), "\(unpacked.errorText)")
    }

    @Test func faultsComeAsOftenAsTheirProbabilityAndAgainWithTheirSeed() throws {
        func played(seed: UInt64) throws -> [String: Int] {
            let service = try Self.service { ($0.seed, $0.faults.throttle) = (seed, 0.3) }
            for _ in 0..<200 { _ = try Self.call(service, "ListQueues", "{}") }
            return service.faultsPlayed
        }
        let first = try played(seed: 1)
        #expect((30...90).contains(first["throttle"] ?? 0))
        #expect(try played(seed: 1) == first)
    }

    @Test func bytesFromOutsideDoNotHarmIt() throws {
        let service = try Self.service()
        let rounds = try Fuzz.rounds { generator, _ in
            var json = Self.batch(service, 3).utf8.map { $0 }
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                json[Int.random(in: 0..<json.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let operation = ["SendMessageBatch", "ReceiveMessage", "DeleteMessage", "CreateQueue"].randomElement(using: &generator) ?? ""
            let reply = try Self.call(service, operation, String(decoding: json, as: UTF8.self))
            #expect([200, 400].contains(reply.status))
        }
        #expect(rounds > 10)
    }
}

/// boto3 and awscli, with moto beside the stand-in so that both are the same to them.
@Suite("SQS's stand-in, clients of others", .ownThread, .timeLimit(.minutes(2)))
struct SQSStandInForeignTests {
    static let program = """
        import boto3, os, sys
        sqs = boto3.client('sqs')
        name = sys.argv[1]
        url = sqs.create_queue(QueueName=name, Attributes={'VisibilityTimeout': '40'})['QueueUrl']
        assert sqs.get_queue_url(QueueName=name)['QueueUrl'] == url
        assert url in sqs.list_queues(QueueNamePrefix=name)['QueueUrls']
        sqs.set_queue_attributes(QueueUrl=url, Attributes={'VisibilityTimeout': '50'})
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']['VisibilityTimeout'] == '50'
        attributes = {'b': {'DataType': 'Binary', 'BinaryValue': bytes(range(256))}, 'a': {'DataType': 'Number.int', 'StringValue': '7'},
                      's': {'DataType': 'String', 'StringValue': 'x\\u20ac'}}
        sqs.send_message(QueueUrl=url, MessageBody='one \\u20ac \\U0001f600 " \\\\ \\n', MessageAttributes=attributes)
        got = sqs.receive_message(QueueUrl=url, MessageAttributeNames=['All'], AttributeNames=['All'])['Messages'][0]
        assert got['Body'] == 'one \\u20ac \\U0001f600 " \\\\ \\n' and got['MessageAttributes'] == attributes, got
        assert got['Attributes']['ApproximateReceiveCount'] == '1'
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got['ReceiptHandle'], VisibilityTimeout=0)
        got = sqs.receive_message(QueueUrl=url, AttributeNames=['ApproximateReceiveCount'])['Messages'][0]
        assert got['Attributes'] == {'ApproximateReceiveCount': '2'}, got
        sqs.delete_message(QueueUrl=url, ReceiptHandle=got['ReceiptHandle'])
        assert not sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get('Messages')
        sent = sqs.send_message_batch(QueueUrl=url, Entries=[{'Id': str(n), 'MessageBody': 'm%d' % n} for n in range(10)])
        assert len(sent['Successful']) == 10
        seen = []
        while len(seen) < 10:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)['Messages']
            seen += [m['Body'] for m in messages]
            entries = [{'Id': str(i), 'ReceiptHandle': m['ReceiptHandle']} for i, m in enumerate(messages)]
            assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=[dict(e, VisibilityTimeout=60) for e in entries])['Successful']) == len(entries)
            assert len(sqs.delete_message_batch(QueueUrl=url, Entries=entries)['Successful']) == len(entries)
        assert sorted(seen) == sorted('m%d' % n for n in range(10))
        sqs.send_message(QueueUrl=url, MessageBody='purged')
        sqs.purge_queue(QueueUrl=url)
        fifo = sqs.create_queue(QueueName=name + '.fifo', Attributes={'FifoQueue': 'true'})['QueueUrl']
        for n in range(3):
            for again in range(2):
                sqs.send_message(QueueUrl=fifo, MessageBody='f%d' % n, MessageGroupId='g', MessageDeduplicationId=str(n))
        first = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=1, AttributeNames=['All'])['Messages'][0]
        assert first['Body'] == 'f0' and first['Attributes']['MessageGroupId'] == 'g' and first['Attributes']['SequenceNumber']
        assert not sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10).get('Messages')
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first['ReceiptHandle'])
        rest = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)['Messages']
        assert [m['Body'] for m in rest] == ['f1', 'f2'], rest
        try:
            sqs.get_queue_url(QueueName='unknown-' + name)
            sys.exit('no error')
        except sqs.exceptions.QueueDoesNotExist: pass
        sqs.delete_queue(QueueUrl=url)
        sqs.delete_queue(QueueUrl=fifo)
        """

    @Test(.enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"), arguments: ["moto", "stand-in"])
    func bothServicesAreTheSameToBoto(service: String) throws {
        let standIn = try SQSStandIn()
        let environment = try service == "moto" ? MotoServer.shared().environment : standIn.environment
        let result = try Executable(MotoServer.python!)
            .run(["-c", Self.program, UniqueName.make()], environment: environment.mapValues { $0 }, timeout: .seconds(60))
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test(.enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"))
    func botoGetsOverFaultsThatPass() throws {
        var settings = SQSStandIn.Settings()
        settings.faults.throttle = 0.1
        (settings.faults.serverError, settings.faults.lostReply, settings.faults.gzip) = (0.1, 0.05, 0.3)
        let service = try SQSStandIn(settings)
        service.createQueue("q")
        let program = """
            import boto3, botocore.config, sys
            sqs = boto3.client('sqs', config=botocore.config.Config(retries={'max_attempts': 10, 'mode': 'standard'}))
            for n in range(60): sqs.send_message(QueueUrl=sys.argv[1], MessageBody=str(n))
            """
        let result = try Executable(MotoServer.python!)
            .run(["-c", program, service.url(of: "q")], environment: service.environment.mapValues { $0 }, timeout: .seconds(100))
        #expect(result.status == 0, "\(result.errorText)")
        let bodies = Set((service.bodies(in: "q") ?? []).map { String(decoding: $0, as: UTF8.self) })
        #expect(bodies == Set((0..<60).map { "\($0)" }))
        #expect(service.faultsPlayed.values.reduce(0, +) > 0)
    }
}
