internal import MQCore

/// The members of a JSON object that are strings or numbers, for replies with a few fields.
enum JSONFields {
    /// - Parameter nested: objects within it whose members count as its own.
    /// - Throws: `malformed` when it is not an object.
    static func strings(in json: [UInt8], nested: Set<String> = []) throws(TransportError) -> [String: String] {
        let result: Result<[String: String], TransportError> = json.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var fields: [String: String] = [:]
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                func member(_ reader: inout JSONReader, _ key: String) throws(TransportError) {
                    switch try reader.kind() {
                    case .string: fields[key] = try reader.string()
                    case .number: fields[key] = try reader.number()
                    case .bool: fields[key] = try reader.bool() ? "true" : "false"
                    case .object where nested.contains(key):
                        try reader.object { reader, key throws(TransportError) in try member(&reader, key) }
                    default: try reader.skip()
                    }
                }
                try reader.object { reader, key throws(TransportError) in try member(&reader, key) }
                try reader.end()
                return fields
            }
        }
        return try result.get()
    }
}
