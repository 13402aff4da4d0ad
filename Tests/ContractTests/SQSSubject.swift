import MQStandIns
import MQTesting
import Testing

extension ContractSubject {
    /// Against the stand-in; in base64, since a body of SQS is text and this suite sends every byte.
    static let sqs = ContractSubject(
        name: "sqs",
        make: { fixture, size in
            let queue = try sqsAddress(UniqueName.make())
            // In base64 beside its mark, 2049 bytes fill such a queue's largest message.
            var made = try created(queue, size == .small ? ",attr=MaximumMessageSize=2755" : "", fixture)
            // An empty queue is believed after three polls: here they do not wait a second each.
            if size == .small { made.recv += ",wait=0s" }
            return made
        },
        missing: { (try? sqsAddress(UniqueName.make("absent"))) ?? "no stand-in" }, missingWords: "no such queue", fillsUp: false,
        keepsOrder: false, carriesEmpty: false, acknowledges: true, isOfKernel: false, delays: true,
        removal: (66, "no such queue"), smallLimit: 2049, largest: 700_000, peeks: true, peekRemark: "counts as receiving",
        impatience: ",visibility=2s", stream: 20_000, shown: { $0.replacing(",base64", with: "") }, place: { try sqsAddress("") })

    private static func sqsAddress(_ queue: String) throws -> String {
        "sqs:\(queue),endpoint=\(try SQSServer.standIn()),region=us-east-1,base64"
    }
}

/// What the row of sqs talks to: one for the whole run, ended with this process.
enum SQSServer {
    private static let shared = Result { try SQSStandIn() }

    /// Its endpoint.
    static func standIn() throws -> String { try shared.get().endpoint }
}
