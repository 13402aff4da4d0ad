internal import MQCore

/// The latest task in the reply to ListMessageMoveTasks.
struct MoveTask {
    private(set) var status = ""
    private(set) var reason = ""
    private(set) var moved = 0
    private(set) var total: Int?

    /// - Throws: `malformed`, also without a task.
    init(parsing bytes: [UInt8]) throws(TransportError) {
        let result: Result<[String: String], TransportError> = bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in
                var first: [String: String]?
                var reader = JSONReader(bytes)
                guard try reader.kind() == .object else { throw reader.failure("expected an object") }
                try reader.object { reader, key throws(TransportError) in
                    guard key == "Results", try reader.kind() == .array else { return try reader.skip() }
                    try reader.array { reader throws(TransportError) in
                        guard first == nil, try reader.kind() == .object else { return try reader.skip() }
                        var fields: [String: String] = [:]
                        try reader.object { reader, name throws(TransportError) in
                            switch try reader.kind() {
                            case .string: fields[name] = try reader.string()
                            case .number: fields[name] = try reader.number()
                            default: try reader.skip()
                            }
                        }
                        first = fields
                    }
                }
                try reader.end()
                guard let first else { throw reader.failure("no task") }
                return first
            }
        }
        let fields = try result.get()
        status = fields["Status"] ?? ""
        reason = fields["FailureReason"] ?? "no reason given"
        moved = fields["ApproximateNumberOfMessagesMoved"].flatMap { Int($0) } ?? 0
        total = fields["ApproximateNumberOfMessagesToMove"].flatMap { Int($0) }
    }
}
