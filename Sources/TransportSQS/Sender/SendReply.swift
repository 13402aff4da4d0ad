internal import MQCore
internal import MQNet

/// What SQS made of a batch.
struct SendReply {
    struct Success {
        var position: Int
        var digest: MD5?
        var attributeDigest: MD5?
        /// The id that the queue gave it.
        var id: String?
    }

    struct Failure {
        var position: Int
        var isSenderFault: Bool
        var code: String
        var message: String
    }

    private(set) var successes: [Success] = []
    private(set) var failures: [Failure] = []
    /// Whether either list is there, be it empty or null: what has none is not the reply to a batch.
    private(set) var isOfBatch = false

    /// - Parameter wantsIDs: whether somebody looks at the ids that the queue gave.
    /// - Throws: `malformed` when it is not the reply to a batch.
    init(parsing bytes: [UInt8], wantsIDs: Bool = false) throws(TransportError) {
        let result: Result<([Success], [Failure], Bool), TransportError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var lists: ([Success], [Failure], Bool) = ([], [], false)
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                try reader.object { reader, key throws(TransportError) in
                    if key == "Successful" || key == "Failed" { lists.2 = true }
                    guard try reader.kind() == .array else { return try reader.skip() }
                    switch key {
                    case "Successful":
                        try reader.array { reader throws(TransportError) in
                            if let entry = try Self.success(&reader, wantsIDs) { lists.0.append(entry) }
                        }
                    case "Failed":
                        try reader.array { reader throws(TransportError) in
                            if let entry = try Self.failure(&reader) { lists.1.append(entry) }
                        }
                    default: try reader.skip()
                    }
                }
                try reader.end()
                return lists
            }
        }
        (successes, failures, isOfBatch) = try result.get()
    }

    private static func success(_ reader: inout JSONReader, _ wantsIDs: Bool) throws(TransportError) -> Success? {
        var entry = Success(position: -1)
        var text: [UInt8] = []
        guard try reader.kind() == .object else {
            try reader.skip()
            return nil
        }
        try reader.object { reader, key throws(TransportError) in
            guard try reader.kind() == .string, key == "Id" || key.hasPrefix("MD5OfMessage") || (wantsIDs && key == "MessageId") else {
                return try reader.skip()
            }
            text.removeAll(keepingCapacity: true)
            try reader.string(into: &text)
            switch key {
            case "Id": entry.position = number(text)
            // A digest that cannot be read differs from every one.
            case "MD5OfMessageBody": entry.digest = MD5(hex: text) ?? MD5()
            case "MessageId": entry.id = String(decoding: text, as: UTF8.self)
            case "MD5OfMessageAttributes": entry.attributeDigest = MD5(hex: text) ?? MD5()
            default: break
            }
        }
        return entry
    }

    private static func failure(_ reader: inout JSONReader) throws(TransportError) -> Failure? {
        var entry = Failure(position: -1, isSenderFault: false, code: "", message: "")
        guard try reader.kind() == .object else {
            try reader.skip()
            return nil
        }
        try reader.object { reader, key throws(TransportError) in
            let kind = try reader.kind()
            switch (key, kind) {
            case ("Id", .string): entry.position = number(Array(try reader.string().utf8))
            case ("SenderFault", .bool): entry.isSenderFault = try reader.bool()
            case ("SenderFault", .string): entry.isSenderFault = try reader.string().lowercased() == "true"
            case ("Code", .string): entry.code = String(try reader.string().split(separator: ".").last ?? "")
            case ("Message", .string): entry.message = try reader.string()
            default: try reader.skip()
            }
        }
        return entry
    }

    /// -1 for what is no number: no entry has it.
    private static func number(_ text: [UInt8]) -> Int {
        guard (1...18).contains(text.count) else { return -1 }
        var value = 0
        for byte in text {
            guard (0x30...0x39).contains(byte) else { return -1 }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
