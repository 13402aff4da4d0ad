import Glibc
import MQCore

/// What each operation does. Called with the lock held; the reply's body is written into `json`.
extension SQSService {
    func execute(
        _ operation: String, _ request: SQSRequest, _ state: inout State, _ json: inout JSONText, isAlive: () -> Bool
    ) throws(SQSFailure) {
        switch state.settings.missing.contains(operation) ? "" : operation {
        case "CreateQueue": try create(request, &state, &json)
        case "GetQueueUrl":
            guard state.queues[request.queueName] != nil else { throw .noQueue() }
            json.fields(("QueueUrl", .text(url(of: request.queueName, request))))
        case "ListQueues": try list(request, state, &json)
        case "GetQueueAttributes": try describe(try queue(request, state), request, &json)
        case "SetQueueAttributes":
            let queue = try queue(request, state)
            try SQSQueueAttributes.check(request.attributes, isFIFO: queue.isFIFO, among: state.queues)
            queue.attributes.merge(request.attributes) { $1 }
            // An empty policy takes it away.
            queue.attributes = queue.attributes.filter { !$0.value.isEmpty }
            queue.modified = wallNanoseconds() / 1_000_000_000
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
        case "ListQueueTags":
            let tags = try queue(request, state).tags
            guard !tags.isEmpty else { break }
            json.key("Tags")
            json.open("{")
            for (key, value) in tags.sorted(by: { $0.key < $1.key }) { json.fields((key, .text(value))) }
            json.close("}")
        case "TagQueue": try tag(try queue(request, state), request.tags)
        case "UntagQueue":
            let queue = try queue(request, state)
            for key in request.tagKeys { queue.tags[key] = nil }
        case "AddPermission", "RemovePermission": _ = try queue(request, state)
        case "ListDeadLetterSourceQueues": try listSources(request, state, &json)
        case "StartMessageMoveTask": try startMove(request, &state, &json)
        case "ListMessageMoveTasks": try listMoves(request, state, &json)
        case "CancelMessageMoveTask": try cancelMove(request, state)
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
        let isFIFO = name.hasSuffix(".fifo")
        guard !isFIFO || request.attributes["FifoQueue"] == "true" else {
            throw SQSFailure(
                "InvalidParameterValue", "A queue whose name ends with .fifo needs the attribute FifoQueue with the value true.")
        }
        try SQSQueueAttributes.check(request.attributes, isFIFO: isFIFO, among: state.queues)
        if let old = state.queues[name] {
            let now = SQSQueueAttributes.standard.merging(old.attributes) { $1 }
            guard request.attributes.allSatisfy({ now[$0.key] == $0.value || $0.key == "FifoQueue" }) else {
                throw SQSFailure(
                    "QueueNameExists", "A queue already exists with the same name and a different value for an attribute.",
                    queryCode: "QueueAlreadyExists")
            }
        } else {
            let queue = makeQueue(name, request.attributes.filter { !$0.value.isEmpty }, &state)
            try tag(queue, request.tags)
        }
        json.fields(("QueueUrl", .text(url(of: name, request))))
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

    private func tag(_ queue: SQSQueue, _ tags: [String: String]) throws(SQSFailure) {
        queue.tags.merge(tags) { $1 }
        guard queue.tags.count <= 50 else { throw SQSFailure("InvalidParameterValue", "Too many tags added for queue \(queue.name).") }
    }

    private func list(_ request: SQSRequest, _ state: State, _ json: inout JSONText) throws(SQSFailure) {
        let names = try page(of: state.queues.keys.filter { $0.hasPrefix(request.prefix) }, request, &json)
        // No queue is no list.
        if names.isEmpty { return }
        json.key("QueueUrls")
        json.open("[")
        for name in names { json.value(url(of: name, request)) }
        json.close("]")
    }

    /// Those of the names that come next, and a token for the rest. Without `MaxResults` these are a thousand, and no token.
    func page(of names: some Collection<String>, _ request: SQSRequest, _ json: inout JSONText) throws(SQSFailure) -> [String] {
        let maximum = request.maximum ?? 1000
        guard (1...1000).contains(maximum) else {
            throw SQSFailure("InvalidParameterValue", "Value for parameter MaxResults is invalid. Reason: Must be between 1 and 1000.")
        }
        var last = ""
        if !request.nextToken.isEmpty {
            guard let bytes = Base64.decode(request.nextToken.utf8), bytes.starts(with: Self.tokenStart) else {
                throw SQSFailure("InvalidParameterValue", "Invalid or expired next token.")
            }
            last = String(decoding: bytes.dropFirst(Self.tokenStart.count), as: UTF8.self)
        }
        let rest = names.filter { $0 > last }.sorted()
        let page = Array(rest.prefix(maximum))
        if request.maximum != nil, page.count < rest.count, let last = page.last {
            json.key("NextToken")
            (Self.tokenStart + Array(last.utf8)).withUnsafeBytes { json.value(base64: $0) }
        }
        return page
    }

    private static let tokenStart = Array("after ".utf8)

    private func describe(_ queue: SQSQueue, _ request: SQSRequest, _ json: inout JSONText) throws(SQSFailure) {
        let counts = queue.counts(loopbackNanoseconds())
        var all = SQSQueueAttributes.standard.merging(queue.attributes) { $1 }
        all.merge([
            "QueueArn": queue.arn, "ApproximateNumberOfMessages": "\(counts.visible)",
            "ApproximateNumberOfMessagesNotVisible": "\(counts.inFlight)", "ApproximateNumberOfMessagesDelayed": "\(counts.delayed)",
            "CreatedTimestamp": "\(queue.created)", "LastModifiedTimestamp": "\(queue.modified)",
        ]) { $1 }
        if queue.isFIFO {
            all.merge(["FifoQueue": "true", "ContentBasedDeduplication": "false"]) { old, _ in old }
        }
        if let unknown = request.systemAttributeNames.first(where: { $0 != "All" && !SQSQueueAttributes.isKnown($0) }) {
            throw SQSFailure("InvalidAttributeName", "Unknown Attribute \(unknown).")
        }
        guard request.systemAttributeNames.contains(where: { $0 == "All" || all[$0] != nil }) else { return }
        json.key("Attributes")
        json.open("{")
        for (key, value) in all.sorted(by: { $0.key < $1.key })
        where request.systemAttributeNames.contains("All") || request.systemAttributeNames.contains(key) {
            json.fields((key, .text(value)))
        }
        json.close("}")
    }
}
