import Glibc
import MQCore

/// What each operation does. Called with the lock held; the reply's body is written into `json`.
extension SQSService {
    func execute(
        _ operation: String, _ request: SQSRequest, _ state: inout State, _ json: inout JSONText, isAlive: () -> Bool
    ) throws(SQSFailure) {
        switch operation {
        case "CreateQueue": try create(request, &state, &json)
        case "GetQueueUrl":
            guard state.queues[request.queueName] != nil else { throw .noQueue() }
            json.fields(("QueueUrl", .text(url(of: request.queueName))))
        case "ListQueues":
            json.key("QueueUrls")
            json.open("[")
            for name in state.queues.keys.sorted() where name.hasPrefix(request.prefix) { json.value(url(of: name)) }
            json.close("]")
        case "GetQueueAttributes": describe(try queue(request, state), request, &json)
        case "SetQueueAttributes": try queue(request, state).attributes.merge(request.attributes) { $1 }
        case "DeleteQueue": state.queues[try queue(request, state).name] = nil
        case "PurgeQueue": try purge(try queue(request, state))
        case "SendMessage":
            let queue = try queue(request, state)
            let message = try accept(request.single, queue, &state)
            describe(message, attributes: request.single.attributes, isFIFO: queue.isFIFO, &state, &json)
            announce()
        case "ReceiveMessage": try receive(request, &state, &json, isAlive: isAlive)
        case "DeleteMessage": try settle(request.single, try queue(request, state), deletes: true)
        case "ChangeMessageVisibility": try settle(request.single, try queue(request, state), deletes: false)
        case "SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch":
            try batch(operation, request, &state, &json)
        case "ListQueueTags", "TagQueue", "UntagQueue": break
        default:
            throw SQSFailure(
                "UnsupportedOperation", "\(operation) is not supported.", queryCode: "AWS.SimpleQueueService.UnsupportedOperation")
        }
    }

    func queue(_ request: SQSRequest, _ state: State) throws(SQSFailure) -> SQSQueue {
        guard let name = request.queueURL.split(separator: "/").last, let found = state.queues[String(name)] else { throw .noQueue() }
        return found
    }

    private func create(_ request: SQSRequest, _ state: inout State, _ json: inout JSONText) throws(SQSFailure) {
        let name = request.queueName
        let plain = name.hasSuffix(".fifo") ? name.dropLast(5) : name[...]
        guard (1...80).contains(name.utf8.count), !plain.isEmpty,
            plain.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
        else {
            throw SQSFailure(
                "InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        }
        if let old = state.queues[name] {
            guard request.attributes.allSatisfy({ old.attributes[$0.key] == $0.value }) else {
                throw SQSFailure(
                    "QueueNameExists", "A queue already exists with the same name and a different value for an attribute.",
                    queryCode: "QueueAlreadyExists")
            }
        } else {
            state.queues[name] = SQSQueue(name, request.attributes)
        }
        json.fields(("QueueUrl", .text(url(of: name))))
    }

    private func purge(_ queue: SQSQueue) throws(SQSFailure) {
        let now = loopbackNanoseconds()
        if queue.lastPurge != .min && now - queue.lastPurge < 60_000_000_000 {
            throw SQSFailure(
                "PurgeQueueInProgress", "Only one PurgeQueue operation on \(queue.name) is allowed every 60 seconds.", status: 403,
                queryCode: "AWS.SimpleQueueService.PurgeQueueInProgress")
        }
        queue.lastPurge = now
        queue.purge()
    }

    private func describe(_ queue: SQSQueue, _ request: SQSRequest, _ json: inout JSONText) {
        let counts = queue.counts(loopbackNanoseconds())
        var all = [
            "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
            "VisibilityTimeout": "30", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:\(queue.name)",
            "ApproximateNumberOfMessages": "\(counts.visible)", "ApproximateNumberOfMessagesNotVisible": "\(counts.inFlight)",
            "ApproximateNumberOfMessagesDelayed": "\(counts.delayed)", "SqsManagedSseEnabled": "true",
        ]
        all.merge(queue.attributes) { $1 }
        if queue.isFIFO { all["FifoQueue"] = "true" }
        json.key("Attributes")
        json.open("{")
        for (key, value) in all.sorted(by: { $0.key < $1.key })
        where request.systemAttributeNames.contains("All") || request.systemAttributeNames.contains(key) {
            json.fields((key, .text(value)))
        }
        json.close("}")
    }
}
