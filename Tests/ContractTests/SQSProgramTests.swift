import Foundation
import Glibc
import MQStandIns
import MQTesting
import Testing

/// What the program says and ends with when SQS, or what should be SQS, fails.
@Suite("sqs through the program", .serialized, .ownThread, .timeLimit(.minutes(2)))
struct SQSProgramTests {
    private let fixture = Fixture()

    @Test("Nobody at the endpoint is status 69, soon") func refused() throws {
        let result = try mq().run("send", "sqs:q,endpoint=http://127.0.0.1:1,region=us-east-1", "x", timeout: .seconds(10))
        #expect(result.status == 69 && result.errorText.hasPrefix("mq: sqs:q"), "\(result.errorText)")
        #expect(result.duration < .seconds(5))
    }

    @Test("A service that hangs ends at --timeout with status 75") func hung() throws {
        var settings = SQSStandIn.Settings()
        settings.faults.hang = 1
        let server = try SQSStandIn(settings)
        server.createQueue("q")
        let address = "\(server.endpoint)/123456789012/q,endpoint=\(server.endpoint),region=us-east-1"
        let result = try mq().run("send", address, "x", "--timeout", "1s", timeout: .seconds(12))
        #expect(result.status == 75, "\(result.status) \(result.errorText)")
        #expect(result.duration < .seconds(5))
    }

    @Test("Messages that SQS refuses are named by record, and the status is not 0") func partial() throws {
        var settings = SQSStandIn.Settings()
        settings.faults.senderFault = 0.2
        let server = try SQSStandIn(settings)
        server.createQueue("q")
        let address = "sqs:q,endpoint=\(server.endpoint),region=us-east-1"
        let result = try mq().run("send", address, input: .bytes(numberedLines(100)))
        #expect(result.status != 0 && result.errorText.contains("record "), "\(result.status) \(result.errorText)")
        let held = server.bodies(in: "q")?.count ?? 0
        #expect(held > 0 && held < 100)
    }

    @Test(
        "With signatures checked, good keys pass and a wrong secret is status 77",
        .enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"))
    func signatures() throws {
        let server = try MotoServer()
        let script = """
            import boto3, json, sys
            keys = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='secret')
            iam = boto3.client('iam', **keys)
            iam.create_user(UserName='mq')
            policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sqs:*', 'Resource': '*'}]}
            iam.put_user_policy(UserName='mq', PolicyName='all', PolicyDocument=json.dumps(policy))
            key = iam.create_access_key(UserName='mq')['AccessKey']
            boto3.client('sqs', **keys).create_queue(QueueName='q')
            print(key['AccessKeyId'], key['SecretAccessKey'])
            """
        let made = try Executable(MotoServer.python!).run(["-c", script, server.endpoint], timeout: .seconds(50))
        let keys = made.text.split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(keys.count == 2, "\(made.errorText)")
        try server.checkAuthorization()
        let address = "sqs:q,endpoint=\(server.endpoint),region=us-east-1"
        func run(_ words: [String], secret: String) throws -> ProgramResult {
            try mq().run(words, environment: ["AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": secret], timeout: .seconds(30))
        }
        let sent = try run(["send", address, "signed"], secret: keys[1])
        #expect(sent.status == 0, "\(sent.errorText)")
        let received = try run(["recv", address, "-n", "1"], secret: keys[1])
        #expect(received.status == 0 && received.text == "signed\n", "\(received.errorText)")
        let wrong = try run(["send", address, "x"], secret: "wrong")
        #expect(wrong.status == 77, "\(wrong.status) \(wrong.errorText)")
    }

    @Test("What was sent again after an answer was lost is counted, also where the HTTP library did it by itself") func repeats() throws {
        var settings = SQSStandIn.Settings()
        settings.faults.lostReply = 0.3
        let server = try SQSStandIn(settings)
        let address = at(server, "q")
        let result = try mq().run("send", address + ",concurrency=1", input: .bytes(numberedLines(300)), timeout: .seconds(30))
        let again = (server.requests["SendMessageBatch"] ?? 0) - 30
        #expect(again > 3, "\(server.requests)")
        expectSuccess(result)
        #expect(result.errorText.contains("\(again) requests were repeated after no answer came"), "\(again) again; \(result.errorText)")
    }

    @Test("A proxy that is not there is named as the one that does not answer") func proxy() throws {
        let server = try SQSStandIn()
        let result = try mq().run(
            ["send", at(server, "q"), "x"], environment: ["http_proxy": "http://127.0.0.1:1", "no_proxy": ""], timeout: .seconds(20))
        #expect(
            result.status == 69 && result.errorText.contains("through the proxy in http_proxy: connection refused"), "\(result.errorText)")
        #expect(result.errorText.contains("is the proxy running?"))
    }

    @Test("A signal ends a send that waits for its credential_process, whose wait is said") func credentialProcess() throws {
        let path = "\(try fixture.directory())/config"
        try write(utf8("[default]\ncredential_process = sleep 100\n"), path)
        let program = try mq().start(
            ["send", "sqs:q,endpoint=http://127.0.0.1:1,region=us-east-1", "x"],
            environment: ["AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil, "AWS_CONFIG_FILE": path])
        try program.waitForError("waiting for credential_process")
        program.send(signal: SIGTERM)
        #expect(try program.wait(timeout: .seconds(5)).ending == .signalled(SIGTERM))
    }

    // MARK: - Resuming

    private func at(_ server: SQSStandIn, _ queue: String, _ options: String = "") -> String {
        server.createQueue(queue)
        return "sqs:\(queue),endpoint=\(server.endpoint),region=us-east-1\(options)"
    }

    private func texts(_ server: SQSStandIn, _ queue: String) -> [String] {
        (server.bodies(in: queue) ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What the last line says to go on with, of `input`.
    private func rest(of input: [UInt8], after result: ProgramResult) throws -> [UInt8] {
        let words = try #require(result.errorText.components(separatedBy: "tail -c +").dropFirst().first, "\(result.errorText)")
        return Array(input.dropFirst(try #require(Int(words.prefix { $0.isNumber })) - 1))
    }

    @Test("The resume line names the lowest record that is not there, whichever failed first, and following it loses nothing")
    func lowest() throws {
        let server = try SQSStandIn()
        let address = at(server, "q")
        server.change { for number in stride(from: 1, to: 100, by: 10) { $0.bodies["\(number)"] = .failing } }
        let input = numberedLines(100)
        let broken = try mq().run("send", address, input: .bytes(input), timeout: .seconds(40))
        #expect(broken.status != 0)
        #expect(broken.errorText.contains("the first not acknowledged is record 1 (byte 0)"), "\(broken.errorText)")
        #expect(broken.errorText.contains("90 acknowledged of 100 read"), "\(broken.errorText)")
        server.change { $0.bodies = [:] }
        expectSuccess(try mq().run("send", address, input: .bytes(try rest(of: input, after: broken)), timeout: .seconds(40)))
        #expect(Set(texts(server, "q")) == Set((1...100).map { "\($0)" }))
    }

    @Test("Every record that is refused is named, and those that arrived are counted") func named() throws {
        let server = try SQSStandIn()
        let address = at(server, "q")
        let refused = [3, 50, 51, 99, 120, 200]
        server.change { for number in refused { $0.bodies["\(number)"] = .refused } }
        let result = try mq().run("send", address, input: .bytes(numberedLines(200)), timeout: .seconds(40))
        #expect(result.errorText.contains("194 acknowledged of 200 read"), "\(result.errorText)")
        for number in refused { #expect(result.errorText.contains("record \(number): "), "\(result.errorText)") }
    }

    @Test("A FIFO group stops at its first failure, and resuming keeps the order") func order() throws {
        let server = try SQSStandIn()
        let address = at(server, "q.fifo")
        server.change { $0.bodies["4"] = .refused }
        let input = numberedLines(60)
        let broken = try mq().run("send", address, input: .bytes(input), timeout: .seconds(40))
        #expect(broken.status != 0 && texts(server, "q.fifo") == ["1", "2", "3"], "\(broken.errorText)")
        server.change { $0.bodies = [:] }
        expectSuccess(try mq().run("send", address, input: .bytes(try rest(of: input, after: broken)), timeout: .seconds(40)))
        #expect(texts(server, "q.fifo") == (1...60).map { "\($0)" })
    }

    // MARK: - Others

    @Test("A service that is not SQS is status 76, asked once") func foreign() throws {
        let server = try SQSStandIn()
        let address = at(server, "q")
        server.change { $0.operations["SendMessageBatch"] = .foreign }
        let result = try mq().run("send", address, "x", timeout: .seconds(20))
        #expect(result.status == 76 && server.requests["SendMessageBatch"] == 1, "\(result.status) \(result.errorText)")
    }

    @Test("A drain that is never answered is status 75, not an empty queue") func silent() throws {
        let server = try SQSStandIn()
        let address = at(server, "q")
        server.change { $0.operations["ReceiveMessage"] = .hang }
        let result = try mq().run("recv", address, "--drain", "--timeout", "2s", timeout: .seconds(20))
        #expect(result.status == 75 && result.errorText.contains("has not answered"), "\(result.status) \(result.errorText)")
    }

    @Test("A drain of 200 messages into a pipe costs about as many requests as into a file") func requests() throws {
        let server = try SQSStandIn()
        let address = at(server, "q", ",wait=0s")
        expectSuccess(try mq().run("send", at(server, "q"), input: .bytes(numberedLines(200))))
        let before = server.requests.values.reduce(0, +)
        let result = try mq().run("recv", address, "--drain", timeout: .seconds(30))
        #expect(result.status == 0 && result.lines.count == 200, "\(result.errorText)")
        #expect(server.requests.values.reduce(0, +) - before <= 52, "\(server.requests)")
    }

    @Test("temp is a queue of this run, removed at its end") func temporary() throws {
        let server = try SQSStandIn()
        let result = try mq().run("send", "sqs:temp,endpoint=\(server.endpoint),region=us-east-1", "x", timeout: .seconds(20))
        expectSuccess(result)
        #expect(server.requests["CreateQueue"] == 1 && server.requests["SendMessageBatch"] == 1 && server.requests["DeleteQueue"] == 1)
    }

    @Test(
        "Options and attributes out of SQS's range are status 64, and nothing is sent",
        arguments: [
            ["recv", "wait=21s"], ["recv", "visibility=13h"], ["send", "-H", "n:Number=abc"], ["send", "-H", "n:Foo=x"],
            ["send", "-H", "AWS.x=1"],
        ])
    func ranges(words: [String]) throws {
        let server = try SQSStandIn()
        let address = at(server, "q")
        let line = words[0] == "recv" ? ["recv", "\(address),\(words[1])", "-n", "1"] : ["send", address, "x"] + words.dropFirst()
        let result = try mq().run(line, timeout: .seconds(20))
        #expect(result.status == 64 && server.requests["SendMessageBatch"] == nil, "\(result.status) \(result.errorText)")
    }
}
