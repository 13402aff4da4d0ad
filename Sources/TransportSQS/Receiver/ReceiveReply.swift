internal import MQCore
internal import MQNet

enum ReceiveReply {
    /// The messages of a reply; `Messages` that are absent, `null` or empty are none.
    /// - Throws: `malformed` when it is no reply, or a message has no receipt.
    static func parse(_ bytes: [UInt8]) throws(TransportError) -> [ReceivedMessage] {
        let result: Result<[ReceivedMessage], TransportError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var messages: [ReceivedMessage] = []
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                try reader.object { reader, key throws(TransportError) in
                    guard key == "Messages", try reader.kind() == .array else { return try reader.skip() }
                    try reader.array { reader throws(TransportError) in messages.append(try message(&reader)) }
                }
                try reader.end()
                return messages
            }
        }
        return try result.get()
    }

    private static func message(_ reader: inout JSONReader) throws(TransportError) -> ReceivedMessage {
        var message = ReceivedMessage()
        guard try reader.kind() == .object else { throw reader.failure("expected a message") }
        try reader.object { reader, key throws(TransportError) in
            let kind = try reader.kind()
            switch (key, kind) {
            case ("Body", .string): try reader.string(into: &message.body)
            case ("ReceiptHandle", .string): try reader.string(into: &message.handle)
            case ("MD5OfBody", .string):
                var text: [UInt8] = []
                text.reserveCapacity(32)
                try reader.string(into: &text)
                message.digest = MD5(hex: text) ?? MD5()
            case ("MessageId", .string): message.id = try reader.string()
            case ("Attributes", .object): try attributes(&reader, &message)
            case ("MessageAttributes", .object): try messageAttributes(&reader, &message)
            default: try reader.skip()
            }
        }
        guard !message.handle.isEmpty else { throw reader.failure("a message without a receipt before") }
        return message
    }

    private static func attributes(_ reader: inout JSONReader, _ message: inout ReceivedMessage) throws(TransportError) {
        try reader.object { reader, key throws(TransportError) in
            guard try reader.kind() == .string else { return try reader.skip() }
            let value = try reader.string()
            switch key {
            case "SentTimestamp": message.sent = Int64(value)
            case "ApproximateFirstReceiveTimestamp": message.firstReceived = Int64(value)
            case "ApproximateReceiveCount": message.attempts = Int(value)
            case "MessageGroupId": message.group = value
            case "MessageDeduplicationId": message.dedup = value
            default: break
            }
        }
    }

    private static func messageAttributes(_ reader: inout JSONReader, _ message: inout ReceivedMessage) throws(TransportError) {
        try reader.object { reader, name throws(TransportError) in
            guard try reader.kind() == .object else { return try reader.skip() }
            var attribute = Attribute(name: name, value: [])
            try reader.object { reader, key throws(TransportError) in
                let kind = try reader.kind()
                switch (key, kind) {
                case ("DataType", .string): attribute.type = try reader.string()
                case ("StringValue", .string): try reader.string(into: &attribute.value)
                case ("BinaryValue", .string):
                    var text: [UInt8] = []
                    try reader.string(into: &text)
                    guard let value = Base64.decode(text) else { throw reader.failure("an attribute that is not base64 before") }
                    attribute.value = value
                default: try reader.skip()
                }
            }
            message.attributes.append(attribute)
        }
    }
}
