import MQStandIns
import MQTesting
import Testing

/// What the program says and ends with when SQS, or what should be SQS, fails.
@Suite("sqs through the program", .serialized, .timeLimit(.minutes(2)))
struct SQSProgramTests {
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
}
