internal import MQCore

/// The attributes of a queue as a person wants to read them.
enum QueueFacts {
    /// What is counted, approximately.
    static let counts: [(key: String, label: String, attribute: String)] = [
        ("messages", "Messages", "ApproximateNumberOfMessages"),
        ("in_flight", "In flight", "ApproximateNumberOfMessagesNotVisible"),
        ("delayed", "Delayed", "ApproximateNumberOfMessagesDelayed"),
    ]

    private enum Shape { case seconds, bytes, moment, flag, text }

    private static let known: [(key: String, label: String, attribute: String, shape: Shape)] = [
        ("visibility_timeout", "Visibility", "VisibilityTimeout", .seconds),
        ("delay", "Delay", "DelaySeconds", .seconds),
        ("wait", "Receive wait", "ReceiveMessageWaitTimeSeconds", .seconds),
        ("retention", "Retention", "MessageRetentionPeriod", .seconds),
        ("max_message", "Largest message", "MaximumMessageSize", .bytes),
        ("content_dedup", "Dedup by content", "ContentBasedDeduplication", .flag),
        ("dedup_scope", "Dedup scope", "DeduplicationScope", .text),
        ("fifo_throughput", "FIFO throughput", "FifoThroughputLimit", .text),
        ("dead_letters_from", "Dead letters of", "RedriveAllowPolicy", .text),
        ("kms_key", "KMS key", "KmsMasterKeyId", .text),
        ("kms_reuse", "KMS reuse", "KmsDataKeyReusePeriodSeconds", .seconds),
        ("managed_sse", "SSE-SQS", "SqsManagedSseEnabled", .flag),
        ("policy", "Policy", "Policy", .text),
        ("created", "Created", "CreatedTimestamp", .moment),
        ("modified", "Changed", "LastModifiedTimestamp", .moment),
        ("arn", "ARN", "QueueArn", .text),
    ]

    static func all(_ attributes: QueueAttributes, url: String) -> [Fact] {
        var facts = counts.map { Fact($0.key, $0.label, .number(attributes.number($0.attribute) ?? 0)) }
        facts.append(Fact("fifo", "FIFO", .flag(url.hasSuffix(".fifo"))))
        for (key, label, attribute, shape) in known {
            guard let text = attributes[attribute] else { continue }
            facts.append(Fact(key, label, value(text, shape)))
        }
        facts += deadLetters(attributes)
        facts.append(Fact("url", "URL", .text(url)))
        // What SQS has learnt since this was written.
        let shown = Set(counts.map(\.attribute) + known.map(\.attribute) + ["FifoQueue", "RedrivePolicy"])
        for (name, text) in attributes.values where !shown.contains(name) { facts.append(Fact(name, name, .text(text))) }
        return facts
    }

    private static func value(_ text: String, _ shape: Shape) -> Fact.Value {
        guard shape != .flag else { return .flag(text == "true") }
        guard shape != .text, let number = Int(text.prefix { $0 != "." }), (0...1 << 40).contains(number) else {
            return .text(text)
        }
        switch shape {
        case .bytes: return .bytes(number)
        case .moment: return .time(Int64(number) * 1_000_000_000)
        default: return .text(number == 0 ? "0s" : Quantity.words(.seconds(number)))
        }
    }

    /// The ARN of the queue to which messages go that fail too often.
    static func deadLetterQueue(of attributes: QueueAttributes) -> String? {
        attributes["RedrivePolicy"].flatMap { try? JSONFields.strings(in: Array($0.utf8)) }?["deadLetterTargetArn"]
    }

    private static func deadLetters(_ attributes: QueueAttributes) -> [Fact] {
        guard let text = attributes["RedrivePolicy"] else { return [] }
        guard let fields = try? JSONFields.strings(in: Array(text.utf8)), let arn = fields["deadLetterTargetArn"] else {
            return [Fact("redrive_policy", "Dead letters", .text(text))]
        }
        var facts = [Fact("dead_letter_queue", "Dead letters to", .text(arn))]
        if let count = fields["maxReceiveCount"].flatMap({ Int($0) }) {
            facts.append(Fact("max_receives", "After receives", .number(count)))
        }
        return facts
    }
}
