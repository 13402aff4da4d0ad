import MQCore

/// JSON in one form for all values that are equal: no space, members in the order of their names, numbers by their value.
enum NormalJSON {
    /// Reads one value.
    static func text(_ reader: inout JSONReader) throws(TransportError) -> String {
        switch try reader.kind() {
        case .string: return quoted(try reader.string())
        case .number: return number(try reader.number())
        case .bool: return try reader.bool() ? "true" : "false"
        case .null:
            try reader.skip()
            return "null"
        case .array:
            var parts: [String] = []
            try reader.array { reader throws(TransportError) in parts.append(try text(&reader)) }
            return "[" + parts.joined(separator: ",") + "]"
        case .object:
            var parts: [String] = []
            try reader.object { reader, key throws(TransportError) in parts.append("\(quoted(key)):\(try text(&reader))") }
            return "{" + parts.sorted().joined(separator: ",") + "}"
        }
    }

    static func quoted(_ text: String) -> String {
        var json = JSONText()
        json.value(text)
        return json.string
    }

    private static func number(_ text: String) -> String {
        if let whole = Int(text) { return "\(whole)" }
        guard let value = Double(text), value.isFinite else { return text }
        return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
