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

    private func queue(_ request: SQSRequest, _ state: State) throws(SQSFailure) -> SQSQueue {
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

    // MARK: sending

    private func accept(_ entry: SQSRequest.Entry, _ queue: SQSQueue, _ state: inout State) throws(SQSFailure) -> SQSMessage {
        guard entry.hasBody, !entry.body.isEmpty else {
            throw SQSFailure(
                "MissingRequiredParameterException", "The request must contain the parameter MessageBody.", queryCode: "MissingParameter")
        }
        let limit = queue.number("MaximumMessageSize", default: state.settings.maximumMessageSize)
        let size = entry.attributes.reduce(entry.body.count) { $0 + $1.name.utf8.count + $1.type.utf8.count + $1.value.count }
        guard size <= limit else {
            throw SQSFailure(
                "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than \(limit) bytes.")
        }
        guard Self.isXMLText(entry.body) else {
            throw SQSFailure("InvalidMessageContents", "Invalid characters found.", queryCode: "InvalidMessageContents")
        }
        var dedup: String?
        let now = loopbackNanoseconds()
        let digest = SQSDigest.md5(entry.body)
        if queue.isFIFO {
            guard entry.group != nil else {
                throw SQSFailure(
                    "MissingRequiredParameterException", "The request must contain the parameter MessageGroupId.",
                    queryCode: "MissingParameter")
            }
            if entry.delay != nil {
                throw SQSFailure("InvalidParameterValue", "Value \(entry.delay!) for parameter DelaySeconds is invalid.")
            }
            dedup = entry.dedup ?? (queue.attributes["ContentBasedDeduplication"] == "true" ? String(decoding: digest, as: UTF8.self) : nil)
            guard dedup != nil else {
                throw SQSFailure(
                    "InvalidParameterValue",
                    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
            }
        }
        state.lastSerial += 1
        let id = dedup.flatMap { queue.duplicate(of: $0, now) }
        let message = SQSMessage(
            serial: state.lastSerial, id: id ?? Self.identifier(state.lastSerial), body: entry.body, digest: digest,
            attributes: entry.attributes, group: entry.group, dedup: dedup, sent: Int(wallNanoseconds() / 1_000_000))
        if id == nil { queue.append(message, delay: entry.delay ?? queue.number("DelaySeconds", default: 0), now) }
        return message
    }

    /// The form of a UUID, with the serial number in it.
    private static func identifier(_ serial: Int) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("5a5a0000-0000-4000-8000-000000000000".utf8)
        for place in 0..<12 { text[35 - place] = digits[serial >> (4 * place) & 15] }
        return text
    }

    /// Tab, line feed, carriage return and everything from the space on but U+FFFE and U+FFFF; the bytes are UTF-8.
    private static func isXMLText(_ bytes: [UInt8]) -> Bool {
        for (place, byte) in bytes.enumerated() {
            if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d { return false }
            if byte == 0xef && bytes[place + 1] == 0xbf && bytes[place + 2] >= 0xbe { return false }
        }
        return true
    }

    private func describe(
        _ message: SQSMessage, attributes: [SQSAttribute], isFIFO: Bool, _ state: inout State, _ json: inout JSONText
    ) {
        let isWrong = state.plays("wrongMD5", state.settings.faults.wrongMD5)
        json.key("MessageId")
        json.text(message.id)
        json.key("MD5OfMessageBody")
        json.text(isWrong ? SQSDigest.md5([0]) : message.digest)
        if !attributes.isEmpty {
            json.key("MD5OfMessageAttributes")
            json.text(SQSDigest.md5(attributes))
        }
        if isFIFO { json.fields(("SequenceNumber", .text("\(1_880_000_000_000_000_000 as UInt64 &+ UInt64(message.serial))"))) }
    }

    // MARK: batches

    private func batch(_ operation: String, _ request: SQSRequest, _ state: inout State, _ json: inout JSONText) throws(SQSFailure) {
        let queue = try queue(request, state)
        let prefix = "AWS.SimpleQueueService."
        if request.entries.isEmpty {
            throw SQSFailure(
                "EmptyBatchRequest", "There should be at least one entry in the request.", queryCode: prefix + "EmptyBatchRequest")
        }
        if request.entries.count > 10 {
            throw SQSFailure(
                "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent \(request.entries.count).",
                queryCode: prefix + "TooManyEntriesInBatchRequest")
        }
        if Set(request.entries.map(\.id)).count < request.entries.count {
            throw SQSFailure("BatchEntryIdsNotDistinct", "Ids are repeated.", queryCode: prefix + "BatchEntryIdsNotDistinct")
        }
        let size = request.entries.reduce(0) { $0 + $1.body.count }
        if size > state.settings.maximumBatchSize {
            throw SQSFailure(
                "BatchRequestTooLong",
                "Batch requests cannot be longer than \(state.settings.maximumBatchSize) bytes. You have sent \(size) bytes.",
                queryCode: prefix + "BatchRequestTooLong")
        }
        var (successes, failures) = ([JSONText](), [JSONText]())
        for entry in request.entries {
            var result = JSONText()
            result.open("{")
            result.fields(("Id", .text(entry.id)))
            let faults = state.settings.faults
            if state.plays("missingEntry", faults.missingEntry) { continue }
            if state.plays("senderFault", faults.senderFault) {
                failures.append(Self.failed(result, "InvalidParameterValue", "refused by chance", .truth(true)))
            } else if state.plays("failedEntry", faults.failedEntry) {
                failures.append(Self.failed(result, "InternalError", "failed by chance", .truth(false)))
            } else if state.plays("failedEntryAsText", faults.failedEntryAsText) {
                failures.append(Self.failed(result, "InternalError", "failed by chance", .text("false")))
            } else {
                do throws(SQSFailure) {
                    if operation == "SendMessageBatch" {
                        let message = try accept(entry, queue, &state)
                        describe(message, attributes: entry.attributes, isFIFO: queue.isFIFO, &state, &result)
                    } else {
                        try settle(entry, queue, deletes: operation == "DeleteMessageBatch")
                    }
                    result.close("}")
                    successes.append(result)
                } catch {
                    failures.append(Self.failed(result, error.queryCode, error.text, .truth(error.isSender)))
                }
            }
        }
        write("Successful", successes, &state, &json)
        write("Failed", failures, &state, &json)
        announce()
    }

    private static func failed(_ start: JSONText, _ code: String, _ text: String, _ fault: JSONText.Field) -> JSONText {
        var result = start
        result.fields(("Code", .text(code)), ("Message", .text(text)), ("SenderFault", fault))
        result.close("}")
        return result
    }

    private func write(_ key: String, _ results: [JSONText], _ state: inout State, _ json: inout JSONText) {
        var results = results
        if results.isEmpty {
            guard state.plays("nulls", state.settings.faults.nulls) else { return }
            json.key(key)
            json.null()
            return
        }
        if state.plays("shuffled", state.settings.faults.shuffled) { results.shuffle(using: &state.generator) }
        json.key(key)
        json.open("[")
        for result in results { json.value(number: result.string) }
        json.close("]")
    }

    // MARK: receiving

    private func receive(_ request: SQSRequest, _ state: inout State, _ json: inout JSONText, isAlive: () -> Bool) throws(SQSFailure) {
        var queue = try queue(request, state)
        guard (1...10).contains(request.limit) else {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(request.limit) for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.")
        }
        let wait = request.wait ?? queue.number("ReceiveMessageWaitTimeSeconds", default: 0)
        guard (0...20).contains(wait) else {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(wait) for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.")
        }
        let visibility = request.single.visibility ?? queue.number("VisibilityTimeout", default: 30)
        let end = loopbackNanoseconds() + Int64(wait) * 1_000_000_000
        var limit = request.limit
        if limit > 1 && state.plays("partFilled", state.settings.faults.partFilled) {
            limit = Int.random(in: 1..<limit, using: &state.generator)
        }
        var taken = queue.receive(limit, visibility: visibility, loopbackNanoseconds())
        while taken.isEmpty, loopbackNanoseconds() < end, !state.isOver, isAlive() {
            waitForArrival(until: end)
            queue = try self.queue(request, state)
            // Whoever left while waiting gets nothing.
            if isAlive() { taken = queue.receive(limit, visibility: visibility, loopbackNanoseconds()) }
        }
        if taken.isEmpty {
            if state.plays("nulls", state.settings.faults.nulls) {
                json.key("Messages")
                json.null()
            }
            return
        }
        json.key("Messages")
        json.open("[")
        for message in taken { describe(message, request, &state, &json) }
        json.close("]")
    }

    private func describe(_ message: SQSMessage, _ request: SQSRequest, _ state: inout State, _ json: inout JSONText) {
        json.open("{")
        json.key("MessageId")
        json.text(message.id)
        json.fields(("ReceiptHandle", .text(Self.receipt(message, isLong: state.settings.hasLongReceipts))))
        json.key("MD5OfBody")
        json.text(state.plays("wrongMD5", state.settings.faults.wrongMD5) ? SQSDigest.md5([0]) : message.digest)
        json.key("Body")
        json.text(message.body)
        if !request.systemAttributeNames.isEmpty { describeSystem(message, request.systemAttributeNames, &json) }
        let attributes = message.attributes.filter { attribute in
            request.attributeNames.contains { name in
                name == "All" || name == ".*" || name == attribute.name
                    || (name.hasSuffix(".*") && attribute.name.hasPrefix(name.dropLast(2)))
            }
        }
        if !attributes.isEmpty {
            json.key("MD5OfMessageAttributes")
            json.text(SQSDigest.md5(attributes))
            json.key("MessageAttributes")
            json.open("{")
            for attribute in attributes {
                json.key(attribute.name)
                json.open("{")
                if attribute.isBinary {
                    json.key("BinaryValue")
                    attribute.value.withUnsafeBytes { json.value(base64: $0) }
                } else {
                    json.key("StringValue")
                    json.text(attribute.value)
                }
                json.fields(("DataType", .text(attribute.type)))
                json.close("}")
            }
            json.close("}")
        }
        json.close("}")
    }

    private func describeSystem(_ message: SQSMessage, _ names: [String], _ json: inout JSONText) {
        json.key("Attributes")
        json.open("{")
        func field(_ name: String, _ value: String?) {
            if let value, names.contains("All") || names.contains(name) { json.fields((name, .text(value))) }
        }
        field("SenderId", "AIDATEST")
        field("SentTimestamp", "\(message.sent)")
        field("ApproximateReceiveCount", "\(message.receiveCount)")
        field("ApproximateFirstReceiveTimestamp", "\(message.firstReceived)")
        field("MessageGroupId", message.group)
        field("MessageDeduplicationId", message.dedup)
        if message.group != nil { field("SequenceNumber", "\(1_880_000_000_000_000_000 as UInt64 &+ UInt64(message.serial))") }
        json.close("}")
    }

    private static let filler = String(repeating: "AQEBq+/=", count: 140)

    /// New for every receive.
    private static func receipt(_ message: SQSMessage, isLong: Bool) -> String {
        "\(message.serial)-\(message.receiveCount)-\(isLong ? filler : "AQEBzV+/=")"
    }

    private func settle(_ entry: SQSRequest.Entry, _ queue: SQSQueue, deletes: Bool) throws(SQSFailure) {
        let parts = entry.receipt.split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let serial = Int(parts[0]), let count = Int(parts[1]) else {
            throw SQSFailure("ReceiptHandleIsInvalid", "The input receipt handle \"\(entry.receipt)\" is not a valid receipt handle.")
        }
        let isCurrent = queue.messages[serial]?.receiveCount == count
        if deletes {
            // An old handle is no error, and deletes nothing.
            if isCurrent { queue.delete(serial) }
            return
        }
        let now = loopbackNanoseconds()
        queue.expire(now)
        guard let visibility = entry.visibility, (0...43200).contains(visibility) else {
            throw SQSFailure(
                "InvalidParameterValue", "Value for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.")
        }
        guard isCurrent, queue.hidden.contains(serial) else {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(entry.receipt) for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
            )
        }
        if visibility == 0 {
            queue.show(serial)
            announce()
        } else {
            queue.hide(serial, until: now + Int64(visibility) * 1_000_000_000)
        }
    }
}

extension JSONText {
    fileprivate mutating func text(_ bytes: [UInt8]) { bytes.withUnsafeBytes { value(utf8: $0) } }
}
