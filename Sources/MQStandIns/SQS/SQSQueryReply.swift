import MQCore

/// The XML of the query protocol, made from the reply in JSON.
enum SQSQueryReply {
    static let namespace = "http://queue.amazonaws.com/doc/2012-11-05/"

    static func text(_ operation: String, _ json: [UInt8]) -> [UInt8] {
        var xml = "<?xml version=\"1.0\"?>\n<\(operation)Response xmlns=\"\(namespace)\">"
        let result = try? JSONReader.read(json) { reader throws(TransportError) in try element(&reader, "\(operation)Result", operation) }
        xml += result ?? ""
        xml += "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></\(operation)Response>"
        return Array(xml.utf8)
    }

    static func failure(_ failure: SQSFailure) -> [UInt8] {
        let kind = failure.isSender ? "Sender" : "Receiver"
        return Array(
            ("<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"\(namespace)\"><Error><Type>\(kind)</Type><Code>\(failure.queryCode)</Code>"
                + "<Message>\(escaped(failure.text))</Message><Detail/></Error>"
                + "<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>").utf8)
    }

    /// What a list, or an object of names and values, is called in XML; it has no element around it.
    private static func entry(_ key: String, _ operation: String) -> String? {
        switch key {
        case "Messages": "Message"
        case "QueueUrls", "queueUrls": "QueueUrl"
        case "Successful": "\(operation)ResultEntry"
        case "Failed": "BatchResultErrorEntry"
        case "Attributes": "Attribute"
        case "MessageAttributes": "MessageAttribute"
        case "Tags": "Tag"
        case "Results": "ListMessageMoveTasksResultEntry"
        default: nil
        }
    }

    private static func element(_ reader: inout JSONReader, _ name: String, _ operation: String) throws(TransportError) -> String {
        let xml: String
        switch try reader.kind() {
        case .object:
            var inner = ""
            try reader.object { reader, key throws(TransportError) in
                guard let entry = entry(key, operation) else {
                    inner += try element(&reader, key, operation)
                    return
                }
                switch try reader.kind() {
                case .array: try reader.array { reader throws(TransportError) in inner += try element(&reader, entry, operation) }
                case .object:
                    let word = entry == "Tag" ? "Key" : "Name"
                    try reader.object { reader, name throws(TransportError) in
                        inner += "<\(entry)><\(word)>\(escaped(name))</\(word)>\(try element(&reader, "Value", operation))</\(entry)>"
                    }
                default: try reader.skip()
                }
            }
            xml = inner
        case .string: xml = escaped(try reader.string())
        case .number: xml = try reader.number()
        case .bool: xml = try reader.bool() ? "true" : "false"
        default:
            try reader.skip()
            return ""
        }
        return "<\(name)>\(xml)</\(name)>"
    }

    private static func escaped(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): result += "&lt;".utf8
            case UInt8(ascii: ">"): result += "&gt;".utf8
            case UInt8(ascii: "&"): result += "&amp;".utf8
            case UInt8(ascii: "\""): result += "&quot;".utf8
            // A parser would make a line feed of it.
            case 0x0d: result += "&#xD;".utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
