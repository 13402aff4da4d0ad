import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct WebhookSignerTests {
    private let fixture = Fixture()

    /// The example of the specification (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
    private static let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let body = #"{"test": 2432232314}"#

    private func file(_ text: String, _ fixture: Fixture) throws -> String {
        let path = try fixture.directory() + "/key"
        try LocalFile.write(text.bytes, to: path)
        return path
    }

    @Test func theExampleOfTheSpecificationHasItsSignature() throws {
        for text in [Self.key, Self.key + "\n", String(Self.key.dropFirst(6))] {
            let signer = try WebhookSigner(files: [try file(text, fixture)])
            let headers = signer.headers(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: 1_614_265_330, Self.body.bytes)
            #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
            #expect(
                headers.map(\.value) == [
                    "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                ])
        }
    }

    @Test func twoKeysSignBothWhileOneReplacesTheOther() throws {
        let old = [UInt8](0..<24), new = [UInt8](24..<56)
        let both = try WebhookSigner(keys: [old, new]).headers(id: "m", time: 1, [])
        let single = try [old, new].map { try WebhookSigner(keys: [$0]).headers(id: "m", time: 1, [])[2].value }
        #expect(both[2].value == single.joined(separator: " ") && single[0] != single[1])
    }

    @Test(arguments: [
        ("", "does not hold a key"), ("whsec_", "has 0 bytes"), ("whsec_AAAA", "has 3 bytes"), ("two words", "does not hold a key"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "does not hold a key"),
    ])
    func aFileWithoutAKeyIsRefused(text: String, part: String) throws {
        let path = try file(text, fixture)
        let error = failure { try WebhookSigner(files: [path]) }
        #expect(error?.code == .configuration && error?.message.contains(part) == true, "\(error?.message ?? "accepted")")
        #expect(failure { try WebhookSigner(files: [path + ".none"]) }?.code == .inputOutput)
    }
}
