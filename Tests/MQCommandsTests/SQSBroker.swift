import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// A queue at a stand-in of SQS in this process.
struct SQSBroker {
    let server: SQSStandIn
    let address: ResolvedAddress
    let transport: any Transport

    /// Who signs requests; the stand-in believes everybody.
    static func setIdentity() {
        for (name, value) in [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-east-1")] {
            setenv(name, value, 1)
        }
    }

    /// - Parameters:
    ///   - suffix: `.fifo`, or nothing.
    ///   - options: of the address.
    init(_ suffix: String = "", _ options: String = "") throws {
        Self.setIdentity()
        // A queue is empty when three polls in a row are, each of which waits: not for a whole second here.
        var settings = SQSStandIn.Settings()
        settings.pollSecond = .milliseconds(100)
        server = try SQSStandIn(settings)
        address = try ResolvedAddress("sqs:\(UniqueName.make())\(suffix),endpoint=\(server.endpoint)\(options)", options: [])
        transport = try address.transport()
        _ = try transport.openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
    }

    func send(_ batch: borrowing Batch) throws {
        let sender = try transport.openSender(Opening(stop: StopFlag()))
        #expect(try sender.send(batch, 0..<batch.count, until: .after(.seconds(20)), stop: StopFlag()) == batch.count)
        try sender.flush(until: .after(.seconds(20)), stop: StopFlag())
    }

    func send(_ bodies: [String]) throws {
        var batch = Batch()
        for body in bodies { batch.append(body.utf8) }
        try send(batch)
    }
}
