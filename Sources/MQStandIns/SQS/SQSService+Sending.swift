import Glibc
import MQCore

/// How a message is accepted, and batches of anything.
extension SQSService {
    func accept(_ entry: SQSRequest.Entry, _ queue: SQSQueue, _ state: inout State) throws(SQSFailure) -> SQSMessage {
        guard entry.hasBody, !entry.body.isEmpty else {
            throw SQSFailure(
                "MissingRequiredParameterException", "The request must contain the parameter MessageBody.", queryCode: "MissingParameter")
        }
        let limit = queue.number("MaximumMessageSize", default: state.settings.maximumMessageSize)
        try check(entry)
        let size = entry.attributes.reduce(entry.body.count) { $0 + $1.name.utf8.count + $1.type.utf8.count + $1.value.count }
        guard size <= limit else {
            throw SQSFailure(
                "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than \(limit) bytes.")
        }
        guard SQSAttribute.isXMLText(entry.body) else {
            throw SQSFailure("InvalidMessageContents", "Invalid characters found.", queryCode: "InvalidMessageContents")
        }
        if let dedup = entry.dedup, !queue.isFIFO {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(dedup) for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."
            )
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
            if let delay = entry.delay, delay != 0 {
                throw SQSFailure(
                    "InvalidParameterValue",
                    "Value \(entry.delay!) for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."
                )
            }
            dedup = entry.dedup ?? (queue.attributes["ContentBasedDeduplication"] == "true" ? Hex.text(SQSDigest.sha256(entry.body)) : nil)
            guard dedup != nil else {
                throw SQSFailure(
                    "InvalidParameterValue",
                    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
            }
        }
        state.lastSerial += 1
        // A repetition has the identity of the first, and the checksums of its own.
        let first = dedup.flatMap { queue.duplicate(of: $0, group: entry.group, now) }
        let message = SQSMessage(
            serial: first?.serial ?? state.lastSerial, id: first?.id ?? Self.identifier(state.lastSerial), body: entry.body, digest: digest,
            attributes: entry.attributes, group: entry.group, dedup: dedup, sent: Int(wallNanoseconds() / 1_000_000),
            trace: entry.trace.map { String(decoding: $0, as: UTF8.self) })
        if first == nil { queue.append(message, delay: entry.delay ?? queue.number("DelaySeconds", default: 0), now) }
        return message
    }

    /// What does not depend on the queue.
    private func check(_ entry: SQSRequest.Entry) throws(SQSFailure) {
        if let delay = entry.delay, !(0...900).contains(delay) {
            throw SQSFailure(
                "InvalidParameterValue",
                "Value \(delay) for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.")
        }
        guard entry.attributes.count <= 10 else {
            throw SQSFailure(
                "InvalidParameterValue", "Number of message attributes [\(entry.attributes.count)] exceeds the allowed maximum [10].")
        }
        for attribute in entry.attributes { try attribute.check() }
        for (name, value) in [("MessageGroupId", entry.group), ("MessageDeduplicationId", entry.dedup)] {
            guard let value else { continue }
            guard (1...128).contains(value.utf8.count), value.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
                throw SQSFailure(
                    "InvalidParameterValue",
                    "Value \(value) for parameter \(name) is invalid. Reason: \(name) can only include alphanumeric and punctuation characters. 1 to 128 in length."
                )
            }
        }
    }

    /// The form of a UUID, with the serial number in it.
    private static func identifier(_ serial: Int) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("5a5a0000-0000-4000-8000-000000000000".utf8)
        for place in 0..<12 { text[35 - place] = digits[serial >> (4 * place) & 15] }
        return text
    }

    func describe(
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
        if let trace = message.trace {
            json.key("MD5OfMessageSystemAttributes")
            json.text(SQSDigest.md5([SQSAttribute(name: "AWSTraceHeader", type: "String", value: Array(trace.utf8), isBinary: false)]))
        }
        if isFIFO { json.fields(("SequenceNumber", .text(message.sequence))) }
    }

    func batch(_ operation: String, _ request: SQSRequest, _ state: inout State, _ json: inout JSONText) throws(SQSFailure) {
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
        if let entry = request.entries.first(where: { !Self.isEntryID($0.id) }) {
            throw SQSFailure(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long. (\(entry.id))",
                queryCode: prefix + "InvalidBatchEntryId")
        }
        let size = request.entries.reduce(0) { sum, entry in
            entry.attributes.reduce(sum + entry.body.count) { $0 + $1.name.utf8.count + $1.type.utf8.count + $1.value.count }
        }
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
            let bodyFault = operation == "SendMessageBatch" ? state.takeFault(of: entry.body) : nil
            if bodyFault == .missing || state.plays("missingEntry", faults.missingEntry) { continue }
            if bodyFault == .failing || bodyFault == .failingOnce {
                failures.append(Self.failed(result, "InternalError", "failed by its body", .truth(false)))
            } else if bodyFault == .refused || state.plays("senderFault", faults.senderFault) {
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
        write("Successful", successes, &state, &json, isNeeded: failures.isEmpty)
        write("Failed", failures, &state, &json)
        announce()
    }

    private static func isEntryID(_ id: String) -> Bool {
        (1...80).contains(id.utf8.count)
            && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x2d || $0 == 0x5f }
    }

    private static func failed(_ start: JSONText, _ code: String, _ text: String, _ fault: JSONText.Field) -> JSONText {
        var result = start
        result.fields(("Code", .text(code)), ("Message", .text(text)), ("SenderFault", fault))
        result.close("}")
        return result
    }

    /// - Parameter isNeeded: an empty list is written, too: a reply has one of the two.
    private func write(_ key: String, _ results: [JSONText], _ state: inout State, _ json: inout JSONText, isNeeded: Bool = false) {
        var results = results
        if results.isEmpty && !isNeeded {
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
}
