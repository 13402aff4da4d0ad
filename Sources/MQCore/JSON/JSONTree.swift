/// A JSON value as a tree, for what is read or written as a whole and is not on the path of every message.
public enum JSONTree: Sendable {
    /// Members in the order in which they are written.
    case object([JSONMember])
    case array([JSONTree])
    case string(String)
    case integer(Int)
    case real(Double)
    /// Text that is a JSON number, to be written as it is.
    case number(String)
    case bool(Bool)
    case null

    /// - Parameter numbers: what every number must lie within, so that no sum or conversion further on can overflow.
    /// - Throws: `malformed` for what is not one JSON value, and for a number out of range.
    public init(parsing bytes: [UInt8], numbers: ClosedRange<Double>) throws(TransportError) {
        self = try bytes.withUnsafeBytes { raw in
            Result { () throws(TransportError) in
                var reader = JSONReader(raw)
                let tree = try JSONTree(&reader, numbers)
                try reader.end()
                return tree
            }
        }.get()
    }

    private init(_ reader: inout JSONReader, _ numbers: ClosedRange<Double>) throws(TransportError) {
        switch try reader.kind() {
        case .object:
            var members: [JSONMember] = []
            try reader.object { reader, key throws(TransportError) in
                members.append(JSONMember(key: key, value: try JSONTree(&reader, numbers)))
            }
            self = .object(members)
        case .array:
            var elements: [JSONTree] = []
            try reader.array { reader throws(TransportError) in elements.append(try JSONTree(&reader, numbers)) }
            self = .array(elements)
        case .string: self = .string(try reader.string())
        case .number:
            let text = try reader.number()
            guard let number = Double(text), numbers.contains(number) else {
                throw reader.failure("\(text.prefix(24)) is out of range")
            }
            self = Int(text).map { .integer($0) } ?? .real(number)
        case .bool: self = .bool(try reader.bool())
        case .null:
            try reader.null()
            self = .null
        }
    }

    /// A member of an object; `nil` for any other value too.
    public subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}
