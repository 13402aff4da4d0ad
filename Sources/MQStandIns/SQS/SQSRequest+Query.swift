import MQCore

/// The query protocol of older SDKs: `Action=SendMessage&MessageBody=…`, answered in XML (SQS API reference, "Making Query API requests").
extension SQSRequest {
    /// - Parameters:
    ///   - form: names and values, escapes undone.
    ///   - path: of the request; a queue's URL, where `QueueUrl` does not say it.
    init(form: [(name: String, value: [UInt8])], path: String) {
        self.init()
        if path.split(separator: "/").count > 1 { queueURL = path }
        // In the order of their numbers, whichever way they were written.
        for (name, value) in form.sorted(by: { Self.isBefore($0.name, $1.name) }) {
            read(name.split(separator: ".").map(String.init), value)
        }
        entries = numbered.sorted { $0.key < $1.key }.map { $0.value.finished() }
        single = single.finished()
        attributes = named(pairs["Attribute"] ?? [:])
        tags = named((pairs["Tag"] ?? [:]).merging(pairs["Tags"] ?? [:]) { $1 })
    }

    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.count != right.utf8.count ? left.utf8.count < right.utf8.count : left < right
    }

    private func named(_ pairs: [Int: (String, String)]) -> [String: String] {
        Dictionary(pairs.values.map { ($0.0, $0.1) }) { $1 }
    }

    private mutating func read(_ words: [String], _ value: [UInt8]) {
        guard let first = words.first else { return }
        let text = String(decoding: value, as: UTF8.self)
        let number = words.count > 1 ? Int(words[1]) : nil
        switch (first, number) {
        case ("QueueUrl", _): queueURL = text
        case ("QueueName", _): queueName = text
        case ("QueueNamePrefix", _): prefix = text
        case ("MaxNumberOfMessages", _): limit = Int(text) ?? 0
        case ("WaitTimeSeconds", _): wait = Int(text) ?? -1
        case ("MaxResults", _): maximum = Int(text)
        case ("NextToken", _): nextToken = text
        case ("SourceArn", _): sourceARN = text
        case ("DestinationArn", _): destinationARN = text
        case ("TaskHandle", _): taskHandle = text
        case ("AttributeName", _), ("MessageSystemAttributeName", _): systemAttributeNames.append(text)
        case ("MessageAttributeName", _): attributeNames.append(text)
        case ("TagKey", _): tagKeys.append(text)
        case ("Attribute", let number?), ("Tag", let number?), ("Tags", let number?):
            var pair = pairs[first]?[number] ?? ("", "")
            switch words.last {
            case "Name", "Key": pair.0 = text
            default: pair.1 = text
            }
            pairs[first, default: [:]][number] = pair
        case ("SendMessageBatchRequestEntry", let number?), ("DeleteMessageBatchRequestEntry", let number?),
            ("ChangeMessageVisibilityBatchRequestEntry", let number?):
            numbered[number, default: Entry()].read(Array(words.dropFirst(2)), value)
        default: single.read(words, value)
        }
    }
}

extension SQSRequest.Entry {
    fileprivate mutating func read(_ words: [String], _ value: [UInt8]) {
        let text = String(decoding: value, as: UTF8.self)
        switch words.first {
        case "Id": id = text
        case "MessageBody": (body, hasBody) = (value, true)
        case "DelaySeconds": delay = Int(text) ?? -1
        case "MessageGroupId": group = text
        case "MessageDeduplicationId": dedup = text
        case "ReceiptHandle": receipt = text
        case "VisibilityTimeout": visibility = Int(text) ?? -1
        case "MessageAttribute", "MessageSystemAttribute":
            guard words.count > 2, let number = Int(words[1]) else { return }
            let isSystem = words[0] == "MessageSystemAttribute"
            var attribute = (isSystem ? system : listed)[number] ?? SQSAttribute(name: "", type: "", value: [], isBinary: false)
            switch words.last {
            case "Name": attribute.name = text
            case "DataType": attribute.type = text
            case "StringValue": attribute.value = value
            case "BinaryValue": (attribute.value, attribute.isBinary) = (Base64.decode(value) ?? [], true)
            default: break
            }
            if isSystem { system[number] = attribute } else { listed[number] = attribute }
        default: break
        }
    }

    fileprivate func finished() -> SQSRequest.Entry {
        var entry = self
        if !listed.isEmpty { entry.attributes = listed.sorted { $0.key < $1.key }.map(\.value) }
        if let trace = system.values.first(where: { $0.name == "AWSTraceHeader" }) { entry.trace = trace.value }
        return entry
    }
}
