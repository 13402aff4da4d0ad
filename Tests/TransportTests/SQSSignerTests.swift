import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

/// Cases of AWS's Signature Version 4 test suite: one key, one moment, the service "service".
private struct Vector: Sendable, CustomTestStringConvertible {
    var name: String
    var method = "POST"
    var headers: [(name: String, value: String)] = []
    var body = ""
    var signature: String
    var testDescription: String { name }

    static let all = [
        Vector(name: "get-vanilla", method: "GET", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(name: "post-vanilla", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Vector(
            name: "post-header-key-sort", headers: [("My-Header1", "value1")],
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        Vector(
            name: "post-header-value-case", headers: [("My-Header1", "VALUE1")],
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        Vector(
            name: "get-header-value-trim", method: "GET", headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        Vector(
            name: "post-x-www-form-urlencoded", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: "Param1=value1",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        Vector(
            name: "post-x-www-form-urlencoded-parameters",
            headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf8")], body: "Param1=value1",
            signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
    ]
}

@Suite("sqs signatures", .timeLimit(.minutes(1)))
struct SQSSignerTests {
    /// 2015-08-30 12:36:00 UTC.
    private static let moment: Int64 = 1_440_938_160
    private static let keys = Credentials(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", source: "the test suite")

    private func authorization(_ headers: [(name: String, value: String)]) -> String {
        headers.first { $0.name == "Authorization" }?.value ?? ""
    }

    @Test(arguments: Vector.all)
    private func signsAsThePublishedVectorsDo(vector: Vector) throws {
        var signer = try Signer(region: "us-east-1", service: "service")
        let headers = vector.headers + [("Host", "example.amazonaws.com")]
        // Twice: the second time the key is the kept one.
        for _ in 0..<2 {
            let signed = signer.sign(
                vector.method, path: "/", headers: headers, body: Array(vector.body.utf8), with: Self.keys, at: Self.moment)
            #expect(authorization(signed).hasSuffix("Signature=\(vector.signature)"))
            #expect(authorization(signed).contains("Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"))
        }
    }

    @Test func aKeyHoldsForItsDayAndItsSecretOnly() throws {
        var kept = try Signer(region: "eu-west-1", service: "sqs")
        var other = Self.keys
        other.secretKey = "another"
        for (keys, moment) in [(Self.keys, Self.moment), (Self.keys, Self.moment + 86400), (other, Self.moment + 86400)] {
            var fresh = try Signer(region: "eu-west-1", service: "sqs")
            let headers = [(name: "Host", value: "h")]
            let (a, b) = (
                kept.sign("POST", path: "/", headers: headers, body: [], with: keys, at: moment),
                fresh.sign("POST", path: "/", headers: headers, body: [], with: keys, at: moment)
            )
            #expect(authorization(a) == authorization(b))
        }
    }

    @Test(.enabled(if: MotoServer.isAvailable, "no Python with botocore"))
    func signsAsBotocoreDoes() throws {
        let script = """
            import datetime, json, sys
            import botocore.auth, botocore.awsrequest, botocore.credentials
            class Frozen(datetime.datetime):
                @classmethod
                def utcnow(cls): return cls(2026, 2, 3, 4, 5, 6)
                @classmethod
                def now(cls, tz=None): return cls(2026, 2, 3, 4, 5, 6, tzinfo=tz)
            botocore.auth.datetime = type('m', (), {'datetime': Frozen, 'timezone': datetime.timezone, 'timedelta': datetime.timedelta})
            if hasattr(botocore.auth, 'get_current_datetime'):
                botocore.auth.get_current_datetime = lambda remove_tzinfo=True: datetime.datetime(2026, 2, 3, 4, 5, 6)
            for line in sys.stdin:
                case = json.loads(line)
                keys = botocore.credentials.Credentials(case['key'], case['secret'], case['token'] or None)
                request = botocore.awsrequest.AWSRequest(method='POST', url='https://' + case['host'] + '/', data=case['body'].encode(),
                    headers={'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': case['target']})
                botocore.auth.SigV4Auth(keys, 'sqs', case['region']).add_auth(request)
                print(request.headers['Authorization'])
            """
        var generator = SeededGenerator(seed: 7)
        var input = ""
        var expected: [String] = []
        let letters = Array("abcXYZ019/+=-_ äß".utf8)
        for number in 0..<40 {
            let body = String(decoding: generator.bytes(upTo: 400, of: letters), as: UTF8.self)
            let keys = Credentials(
                accessKey: "AKID\(number)", secretKey: "secret/\(number)+", sessionToken: number % 2 == 0 ? nil : "token/\(number)==",
                source: "")
            let region = ["us-east-1", "eu-central-1", "cn-north-1"][number % 3]
            let host = number % 4 == 0 ? "127.0.0.1:45\(number + 10)" : "sqs.\(region).amazonaws.com"
            var json = JSONText()
            json.open("{")
            for (key, value) in [
                ("key", keys.accessKey), ("secret", keys.secretKey), ("token", keys.sessionToken ?? ""), ("host", host), ("body", body),
                ("target", "AmazonSQS.Op\(number)"), ("region", region),
            ] {
                json.key(key)
                json.value(value)
            }
            json.close("}")
            input += json.string + "\n"
            var signer = try Signer(region: region, service: "sqs")
            let headers = [
                (name: "Content-Type", value: "application/x-amz-json-1.0"), (name: "X-Amz-Target", value: "AmazonSQS.Op\(number)"),
                (name: "Host", value: host),
            ]
            // 2026-02-03 04:05:06 UTC.
            let signed = signer.sign("POST", path: "/", headers: headers, body: Array(body.utf8), with: keys, at: 1_770_091_506)
            expected.append(authorization(signed))
        }
        let result = try Executable(MotoServer.python!).run(["-c", script], input: .text(input), timeout: .seconds(50))
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.split(separator: "\n").map(String.init) == expected)
    }
}
