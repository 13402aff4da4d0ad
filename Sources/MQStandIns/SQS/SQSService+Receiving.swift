import Glibc
import MQCore

/// Receiving, deleting and making visible again.
extension SQSService {
    func receive(_ request: SQSRequest, _ state: inout State, _ json: inout JSONText, isAlive: () -> Bool) throws(SQSFailure) {
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
        guard (0...43200).contains(visibility) else {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(visibility) for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.")
        }
        // A client's patience is not the queue's time.
        let end = realNanoseconds() + Int64(wait) * state.settings.pollSecond.loopbackNanoseconds
        var limit = request.limit
        if limit > 1 && state.plays("partFilled", state.settings.faults.partFilled) {
            limit = Int.random(in: 1..<limit, using: &state.generator)
        }
        var taken = take(limit, from: queue, visibility, &state)
        while taken.isEmpty, realNanoseconds() < end, !state.isOver, isAlive() {
            waitForArrival(until: end)
            queue = try self.queue(request, state)
            // Whoever left while waiting gets nothing.
            if isAlive() { taken = take(limit, from: queue, visibility, &state) }
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

    /// What can be received, without those that failed too often.
    private func take(_ limit: Int, from queue: SQSQueue, _ visibility: Int, _ state: inout State) -> [SQSMessage] {
        let now = loopbackNanoseconds()
        var all: [SQSMessage] = []
        while all.count < limit {
            let taken = queue.receive(limit - all.count, visibility: visibility, now)
            let kept = divert(taken, from: queue, state, now)
            all += kept
            if taken.count == kept.count || taken.isEmpty { break }
        }
        for message in all where !queue.isFIFO && state.plays("duplicate", state.settings.faults.duplicate) { queue.show(message.serial) }
        return all
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
        if message.group != nil { field("SequenceNumber", message.sequence) }
        field("AWSTraceHeader", message.trace)
        field("DeadLetterQueueSourceArn", message.source)
        json.close("}")
    }

    private static let filler = String(repeating: "AQEBq+/=", count: 140)

    /// New for every receive.
    private static func receipt(_ message: SQSMessage, isLong: Bool) -> String {
        "\(message.serial)-\(message.receiveCount)-\(isLong ? filler : "AQEBzV+/=")"
    }

    func settle(_ entry: SQSRequest.Entry, _ queue: SQSQueue, deletes: Bool) throws(SQSFailure) {
        let parts = entry.receipt.split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let serial = Int(parts[0]), let count = Int(parts[1]) else {
            throw SQSFailure("ReceiptHandleIsInvalid", "The input receipt handle \"\(entry.receipt)\" is not a valid receipt handle.")
        }
        queue.expire(loopbackNanoseconds())
        let isCurrent = queue.messages[serial]?.receiveCount == count
        if deletes {
            if queue.isFIFO, let message = queue.messages[serial], !isCurrent || !queue.hidden.contains(message.serial) {
                throw SQSFailure(
                    "InvalidParameterValue",
                    "Value \(entry.receipt) for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
            }
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
