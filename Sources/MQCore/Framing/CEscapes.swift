/// C escapes in text that a person types: `\n \t \r \0 \\ \a \b \e \f \v \xHH \NNN`.
public enum CEscapes {
    /// - Throws: `usage` for an unknown escape.
    public static func bytes(of text: String) throws(TransportError) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text.rawBytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let kind = rest.popFirst() else {
                throw TransportError(.usage, "'\(text)' ends in a lone backslash", hint: "write \\\\ for one")
            }
            if let plain = simple.first(where: { $0.0 == kind })?.1 {
                result.append(plain)
            } else if kind == UInt8(ascii: "x") {
                let digits = rest.prefix(2).prefix { Hex.value($0) != nil }
                guard !digits.isEmpty else { throw TransportError(.usage, "'\(text)': \\x needs hexadecimal digits") }
                rest = rest.dropFirst(digits.count)
                result.append(digits.reduce(0) { $0 << 4 | Hex.value($1)! })
            } else if (0x30...0x37).contains(kind) {
                let digits = [kind] + rest.prefix(2).prefix { (0x30...0x37).contains($0) }
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) else {
                    throw TransportError(.usage, "'\(text)': an octal escape goes up to \\377")
                }
                rest = rest.dropFirst(digits.count - 1)
                result.append(value)
            } else {
                throw TransportError(
                    .usage, "'\(text)': unknown escape \\\(Character(Unicode.Scalar(kind)))",
                    hint: "\\n \\t \\r \\0 \\\\ \\e \\xHH are known")
            }
        }
        return result
    }

    /// The inverse: printable ASCII as it is, the rest escaped.
    public static func text(of bytes: some Sequence<UInt8>) -> String {
        var result = ""
        for byte in bytes {
            switch byte {
            case 0x0a: result += "\\n"
            case 0x0d: result += "\\r"
            case 0x09: result += "\\t"
            case 0x5c: result += "\\\\"
            case 0x20..<0x7f: result.append(Character(Unicode.Scalar(byte)))
            default: result += "\\x" + Hex.text([byte])
            }
        }
        return result
    }

    private static let simple: [(UInt8, UInt8)] = [
        (UInt8(ascii: "n"), 0x0a), (UInt8(ascii: "t"), 0x09), (UInt8(ascii: "r"), 0x0d), (UInt8(ascii: "\\"), 0x5c),
        (UInt8(ascii: "a"), 0x07), (UInt8(ascii: "b"), 0x08), (UInt8(ascii: "e"), 0x1b), (UInt8(ascii: "f"), 0x0c),
        (UInt8(ascii: "v"), 0x0b), (UInt8(ascii: "'"), 0x27), (UInt8(ascii: "\""), 0x22),
    ]
}
