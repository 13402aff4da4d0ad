extension JSONTree {
    /// On one line, members in their order.
    /// - Throws: `failure` for a number that JSON cannot write.
    public func compact() throws(TransportError) -> [UInt8] { try text(indent: nil) }

    /// The same with a line feed.
    /// - Throws: `failure` for a number that JSON cannot write.
    public func line() throws(TransportError) -> String { String(decoding: try compact(), as: UTF8.self) + "\n" }

    /// A member or an element per line, members in the order of their keys, so that two documents can be compared line by line;
    /// a line feed at the end.
    /// - Throws: `failure` for a number that JSON cannot write.
    public func pretty() throws(TransportError) -> [UInt8] { try text(indent: 0) + [UInt8(ascii: "\n")] }

    private func text(indent: Int?) throws(TransportError) -> [UInt8] {
        var bytes: [UInt8] = []
        var scratch = JSONText()
        try write(into: &bytes, indent: indent, &scratch)
        return bytes
    }

    private func write(into bytes: inout [UInt8], indent: Int?, _ scratch: inout JSONText) throws(TransportError) {
        switch self {
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in (indent == nil ? members : members.sorted { $0.key < $1.key }).enumerated() {
                Self.separate(&bytes, index, indent)
                Self.write(member.key, into: &bytes, &scratch)
                bytes += indent == nil ? ":".utf8 : ": ".utf8
                try member.value.write(into: &bytes, indent: indent.map { $0 + 1 }, &scratch)
            }
            Self.end(&bytes, UInt8(ascii: "}"), members.count, indent)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                Self.separate(&bytes, index, indent)
                try element.write(into: &bytes, indent: indent.map { $0 + 1 }, &scratch)
            }
            Self.end(&bytes, UInt8(ascii: "]"), elements.count, indent)
        case .string(let text): Self.write(text, into: &bytes, &scratch)
        case .integer(let number): bytes += String(number).utf8
        case .real(let number):
            guard number.isFinite else { throw TransportError(.failure, "a number is to be written that JSON cannot hold") }
            // A whole number needs no fraction.
            let text = "\(number)"
            bytes += text.hasSuffix(".0") ? text.dropLast(2).utf8 : text[...].utf8
        case .number(let text): bytes += text.utf8
        case .bool(let truth): bytes += truth ? "true".utf8 : "false".utf8
        case .null: bytes += "null".utf8
        }
    }

    private static func write(_ text: String, into bytes: inout [UInt8], _ scratch: inout JSONText) {
        scratch.removeAll()
        scratch.value(text)
        bytes += scratch.bytes
    }

    private static func separate(_ bytes: inout [UInt8], _ index: Int, _ indent: Int?) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if let indent { newLine(&bytes, indent + 1) }
    }

    private static func end(_ bytes: inout [UInt8], _ bracket: UInt8, _ count: Int, _ indent: Int?) {
        if let indent, count > 0 { newLine(&bytes, indent) }
        bytes.append(bracket)
    }

    private static func newLine(_ bytes: inout [UInt8], _ indent: Int) {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }
}
