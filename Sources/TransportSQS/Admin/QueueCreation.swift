internal import MQCore

/// What a queue is to be like, from the options of its address.
struct QueueCreation {
    let settings: Settings
    let admin: SQSAdmin

    private static let names = [
        "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "Policy",
        "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "FifoQueue",
        "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
    ]

    /// - Throws: `usage` for an attribute without a value, `noSuchQueue` for a dead-letter queue that is not there.
    func attributes() throws(TransportError) -> [(name: String, value: String)] {
        guard !settings.target.name.isEmpty else { throw TransportError(.usage, "the address names no queue", hint: "write sqs:name") }
        var result: [(name: String, value: String)] = []
        if settings.target.isFIFO { result.append(("FifoQueue", "true")) }
        for text in settings.options.texts("attr") {
            let pair = try Self.pair(text, "attr")
            // New attributes may come: an unknown name is an error only where it is nearly a known one.
            if !Self.names.contains(pair.name), let near = Suggestion.nearest(to: pair.name, in: Self.names) {
                throw TransportError(.usage, "SQS has no attribute '\(pair.name)'", hint: "did you mean \(near)?")
            }
            result.append(pair)
        }
        if let queue = settings.options.text("dead-letter-queue") {
            result.append(("RedrivePolicy", try redrivePolicy(queue)))
        } else if settings.options.has("max-receives") {
            throw TransportError(.usage, "max-receives needs dead-letter-queue")
        }
        return result
    }

    private static func pair(_ text: String, _ key: String) throws(TransportError) -> (name: String, value: String) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals != text.startIndex else {
            throw TransportError(.usage, "\(key)=\(text) has no value", hint: "\(key)=NAME=VALUE")
        }
        return (String(text[..<equals]), String(text[text.utf8.index(after: equals)...]))
    }

    private func redrivePolicy(_ queue: String) throws(TransportError) -> String {
        var arn = queue
        if !queue.hasPrefix("arn:") {
            do throws(TransportError) {
                let url = try admin.connection.queueURL(of: queue, account: settings.account, until: .after(.seconds(30)))
                guard let found = try admin.attributes(url)["QueueArn"] else { throw TransportError(.protocolViolation, "it has no ARN") }
                arn = found
            } catch {
                throw TransportError(error.code, "dead-letter queue '\(queue)': \(error.message)", hint: "mq create sqs:\(queue) first")
            }
        }
        var json = JSONText()
        json.open("{")
        json.member("deadLetterTargetArn", arn)
        json.member("maxReceiveCount", settings.options.integer("max-receives") ?? 5)
        json.close("}")
        return json.string
    }

    func write(_ attributes: [(name: String, value: String)], into json: inout JSONText) {
        json.member("QueueName", settings.target.name)
        Self.write("Attributes", attributes, into: &json)
        Self.write("tags", settings.options.texts("tag").compactMap { try? Self.pair($0, "tag") }, into: &json)
    }

    private static func write(_ key: String, _ pairs: [(name: String, value: String)], into json: inout JSONText) {
        guard !pairs.isEmpty else { return }
        json.key(key)
        json.open("{")
        for (name, value) in pairs {
            json.member(name, value)
        }
        json.close("}")
    }

    /// What an existing queue has otherwise than wanted, in words.
    func differences(_ wanted: [(name: String, value: String)], _ found: QueueAttributes) -> [String] {
        wanted.compactMap { name, value in
            let actual = found[name] ?? "not set"
            return actual == value || name == "RedrivePolicy" ? nil : "\(name) is \(actual.brief), not \(value)"
        }
    }
}
