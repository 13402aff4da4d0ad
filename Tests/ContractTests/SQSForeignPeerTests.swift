import Foundation
import MQTesting
import Testing

/// The program and what others use, on one queue of moto.
@Suite(
    "sqs: programs of others", .serialized, .ownThread, .timeLimit(.minutes(2)),
    .enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server], boto3 and awscli"))
struct SQSForeignPeerTests {
    private let server: MotoServer
    private let name = UniqueName.make()
    private let queue: String

    init() throws {
        server = try MotoServer.shared()
        queue = "sqs:\(name),endpoint=\(server.endpoint),region=us-east-1"
    }

    /// A new queue, which goes with the test.
    private func withQueue(_ body: () throws -> Void) throws {
        expectSuccess(try mq().run("create", queue))
        defer { _ = try? mq().run("delete", queue, "--if-exists") }
        try body()
    }

    /// Runs Python in which `queue` is boto3's.
    private func boto(_ program: String) throws -> ProgramResult {
        let opening = """
            import boto3, sys
            queue = boto3.resource('sqs').get_queue_by_name(QueueName='\(name)')
            bodies = ['zwölf ✓ \\U0001F600', 'a\\nb\\t"\\\\', ' '] + ['%d' % n for n in range(40)]

            """
        return try run(["-c", opening + program])
    }

    private func aws(_ words: String...) throws -> ProgramResult {
        try run(
            ["-m", "awscli", "sqs"] + words + [
                "--queue-url", "\(server.endpoint)/123456789012/\(name)", "--output", "json", "--endpoint-url", server.endpoint,
            ])
    }

    private func run(_ words: [String]) throws -> ProgramResult {
        try Executable(MotoServer.python!).run(words, environment: server.environment.mapValues { $0 }, timeout: .seconds(50))
    }

    private static let bodies = ["zwölf ✓ \u{1F600}", "a\nb\t\"\\", " "] + (0..<40).map { "\($0)" }

    @Test("What boto3 sends is received, attributes and all, and is deleted") func fromBoto() throws {
        try withQueue {
            let sent = try boto(
                """
                kinds = {'kind': {'DataType': 'String', 'StringValue': 'é'}, 'raw': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\xff'}}
                for start in range(0, len(bodies), 10):
                    entries = [dict(Id=str(n), MessageBody=b, MessageAttributes=kinds) for n, b in enumerate(bodies[start:start + 10])]
                    assert not queue.send_messages(Entries=entries).get('Failed')
                """)
            expectSuccess(sent)
            let received = try mq().run("recv", queue, "-n", "\(Self.bodies.count)", "-J", "--timeout", "10s")
            expectSuccess(received)
            let objects = try received.lines.map { try jsonObject($0) }
            #expect(objects.compactMap { $0["body"] as? String }.sorted() == Self.bodies.sorted())
            for object in objects {
                let attributes = try #require(object["attributes"] as? [String: Any], "\(object)")
                #expect(attributes["kind"] as? String == "é" && attributes.count == 2, "\(attributes)")
            }
            expectSuccess(try boto("queue.load(); sys.exit(0 if queue.attributes['ApproximateNumberOfMessages'] == '0' else 1)"))
        }
    }

    @Test("What is sent boto3 receives, attributes and all") func toBoto() throws {
        try withQueue {
            let records = try Self.bodies.map { body in
                let object: [String: Any] = ["body": body, "attributes": ["kind": "é"]]
                return Array(try JSONSerialization.data(withJSONObject: object)) + [0x0a]
            }
            expectSuccess(try mq().run(["send", queue, "-J"], input: .bytes(records.flatMap { $0 })))
            let received = try boto(
                """
                got = []
                while len(got) < len(bodies):
                    found = queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=5, MessageAttributeNames=['All'])
                    if not found: sys.exit('%d of %d came' % (len(got), len(bodies)))
                    for m in found:
                        assert m.message_attributes['kind'] == {'StringValue': 'é', 'DataType': 'String'}, m.message_attributes
                        got.append(m.body)
                        m.delete()
                assert sorted(got) == sorted(bodies), got
                """)
            expectSuccess(received)
        }
    }

    @Test("The AWS command line and mq understand each other, both ways") func commandLine() throws {
        try withQueue {
            expectSuccess(try aws("send-message", "--message-body", "von aws: zwölf"))
            let received = try mq().run("recv", queue, "-n", "1", "--timeout", "10s")
            expectSuccess(received)
            #expect(received.text == "von aws: zwölf\n")
            expectSuccess(try mq().run("send", queue, "von mq: zwölf"))
            let answer = try aws("receive-message", "--wait-time-seconds", "5")
            expectSuccess(answer)
            let messages = try #require(try jsonObject(answer.text)["Messages"] as? [[String: Any]])
            #expect(messages.count == 1 && messages[0]["Body"] as? String == "von mq: zwölf", "\(answer.text)")
        }
    }
}
