import MQCore

/// The attributes of a queue, and what their values may be (SetQueueAttributes in the SQS API reference).
enum SQSQueueAttributes {
    static let standard = [
        "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
    ]

    private static let numbers: [String: ClosedRange<Int>] = [
        "DelaySeconds": 0...900, "MaximumMessageSize": 1024...1_048_576, "MessageRetentionPeriod": 60...1_209_600,
        "ReceiveMessageWaitTimeSeconds": 0...20, "VisibilityTimeout": 0...43_200, "KmsDataKeyReusePeriodSeconds": 60...86_400,
    ]
    private static let words: [String: [String]] = [
        "ContentBasedDeduplication": ["true", "false"], "FifoQueue": ["true", "false"], "SqsManagedSseEnabled": ["true", "false"],
        "DeduplicationScope": ["messageGroup", "queue"], "FifoThroughputLimit": ["perQueue", "perMessageGroupId"],
    ]
    private static let others: Set<String> = ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"]
    private static let readOnly: Set<String> = [
        "QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
        "CreatedTimestamp", "LastModifiedTimestamp",
    ]

    static func isKnown(_ name: String) -> Bool {
        numbers[name] != nil || words[name] != nil || others.contains(name) || readOnly.contains(name)
    }

    /// - Throws: `InvalidAttributeName`, `InvalidAttributeValue`, as the service.
    static func check(_ attributes: [String: String], isFIFO: Bool, among queues: [String: SQSQueue]) throws(SQSFailure) {
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            guard isKnown(name), !readOnly.contains(name) else { throw SQSFailure("InvalidAttributeName", "Unknown Attribute \(name).") }
            if let range = numbers[name], !(Int(value).map(range.contains) ?? false) { throw invalid(name) }
            if let allowed = words[name], !allowed.contains(value) { throw invalid(name) }
            if name == "RedrivePolicy", !value.isEmpty { try checkRedrive(value, isFIFO: isFIFO, among: queues) }
        }
        if isFIFO != (attributes["FifoQueue"].map { $0 == "true" } ?? isFIFO) {
            throw SQSFailure(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."
            )
        }
        if !isFIFO, let name = attributes.keys.first(where: { $0 == "ContentBasedDeduplication" || $0 == "DeduplicationScope" }) {
            throw SQSFailure("InvalidAttributeName", "Unknown Attribute \(name).")
        }
    }

    private static func invalid(_ name: String) -> SQSFailure {
        SQSFailure("InvalidAttributeValue", "Invalid value for the parameter \(name).")
    }

    /// The queue for dead letters is there, and of the same kind.
    private static func checkRedrive(_ value: String, isFIFO: Bool, among queues: [String: SQSQueue]) throws(SQSFailure) {
        func invalid(_ reason: String = "") -> SQSFailure {
            SQSFailure("InvalidParameterValue", "Value \(value) for parameter RedrivePolicy is invalid.\(reason)")
        }
        guard let policy = SQSRedrivePolicy(value), policy.target.hasPrefix("arn:"), (1...1000).contains(policy.limit) else {
            throw invalid()
        }
        guard let target = queues[policy.targetName] else { throw invalid(" Reason: Dead letter target does not exist.") }
        if target.isFIFO != isFIFO { throw invalid(" Reason: Dead-letter queue must be same type of queue as the source.") }
    }
}
