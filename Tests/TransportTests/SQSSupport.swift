import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

extension SQSTransport {
    /// At an emulator, with keys that mean nothing and nothing of this machine's configuration.
    static func at(_ text: String, endpoint: String, variables: [String: String] = [:]) throws -> SQSTransport {
        var all = [
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint,
        ]
        all.merge(variables) { $1 }
        all["AWS_CONFIG_FILE"] = "/nonexistent"
        all["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent"
        let address = try Address(parsing: text, syntax: descriptor.targetSyntax)
        var surroundings = Surroundings(variables: all, profile: nil)
        surroundings.haste = 10
        return try SQSTransport(address, options: OptionValues(address.options, for: descriptor), surroundings: surroundings)
    }
}

extension Descriptor {
    /// The same without some of its capabilities: what one kind of queue cannot do.
    func without(_ missing: Capabilities) -> Descriptor {
        Descriptor(
            name: name, schemes: schemes, summary: summary, forms: forms, targetSyntax: targetSyntax,
            capabilities: capabilities.subtracting(missing),
            options: options, emptyWait: emptyWait, guarantee: guarantee, notes: notes, examples: examples)
    }
}

extension SQSStandIn.Settings {
    /// A queue is empty when three polls in a row are, each of which waits: not for a whole second.
    static var hurried: Self {
        var settings = Self()
        settings.pollSecond = .milliseconds(100)
        return settings
    }
}

/// A queue of an emulator for one test.
final class SQSQueue {
    let name: String
    let endpoint: String
    let stop = StopFlag()

    init(_ endpoint: String, fifo: Bool = false, options: String = "") throws {
        self.endpoint = endpoint
        name = UniqueName.make() + (fifo ? ".fifo" : "")
        #expect(try at(options).openAdmin(Opening(stop: stop)).create(exclusive: true))
    }

    deinit { try? at().openAdmin(Opening(stop: stop)).delete() }

    func at(_ options: String = "") throws -> SQSTransport { try .at("sqs:\(name)\(options)", endpoint: endpoint) }

    /// Sends, and returns what was refused one by one.
    @discardableResult
    func send(_ bodies: [[UInt8]], _ options: String = "", properties: [MessageProperties] = []) throws -> [Rejection] {
        let sender = try at(options).openSender(Opening(stop: stop))
        var batch = Batch()
        for (index, body) in bodies.enumerated() {
            batch.append(body)
            if index < properties.count { batch.setProperties(properties[index]) }
        }
        if let refusal = sender.refusal(in: batch, 0..<batch.count) { throw refusal.error }
        let count = try sender.send(batch, 0..<batch.count, until: .after(.seconds(20)), stop: stop)
        #expect(count == batch.count)
        try sender.flush(until: .after(.seconds(20)), stop: stop)
        return sender.takeRejections()
    }

    /// Takes what there is.
    func drain(_ options: String = "", properties: Bool = false) throws -> [(body: [UInt8], properties: MessageProperties)] {
        var opening = Opening(stop: stop)
        opening.endsWhenEmpty = true
        let receiver = try at(options).openReceiver(opening)
        var result: [(body: [UInt8], properties: MessageProperties)] = []
        var batch = Batch()
        batch.wantsProperties = properties
        while try receiver.receive(into: &batch, limit: .max, byteLimit: 1 << 20, until: .after(.seconds(30)), stop: stop) == .received {
            for index in 0..<batch.count { result.append((Array(batch.bytes(of: index)), batch.properties(of: index))) }
            try receiver.settle(last: batch.count, as: .acknowledge)
            batch.removeAll()
        }
        try receiver.close(until: .after(.seconds(10)), stop: stop)
        return result
    }

    func count(_ key: String = "messages") throws -> Fact.Value? { try at().openAdmin(Opening(stop: stop)).status()[key] }
}
