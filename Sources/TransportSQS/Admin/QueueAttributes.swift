internal import MQCore

/// What GetQueueAttributes tells: names and values, all of them texts.
struct QueueAttributes {
    private(set) var values: [(name: String, value: String)] = []

    subscript(name: String) -> String? { values.first { $0.name == name }?.value }
    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    /// - Throws: `malformed`.
    init(parsing bytes: [UInt8]) throws(TransportError) {
        let result: Result<[(name: String, value: String)], TransportError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var found: [(name: String, value: String)] = []
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                try reader.object { reader, key throws(TransportError) in
                    guard key == "Attributes", try reader.kind() == .object else { return try reader.skip() }
                    try reader.object { reader, name throws(TransportError) in
                        switch try reader.kind() {
                        case .string: found.append((name, try reader.string()))
                        case .number: found.append((name, try reader.number()))
                        case .bool: found.append((name, try reader.bool() ? "true" : "false"))
                        default: try reader.skip()
                        }
                    }
                }
                try reader.end()
                return found
            }
        }
        values = try result.get()
    }
}
