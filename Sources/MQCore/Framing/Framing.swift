/// How messages are told apart in a stream of bytes; the same words for `send` and `recv`.
public enum Framing: Sendable, Equatable {
    case lines
    case nul
    case delimiter([UInt8])
    case len32
    case netstring
    case whole
    case jsonl
    case files

    /// The words of `--framing`, for help and completion.
    public static let words = ["lines", "nul", "delim:STR", "len32", "netstring", "whole", "jsonl", "files"]

    /// - Throws: `usage`, naming what is allowed.
    public init(parsing word: String) throws(TransportError) {
        switch word {
        case "lines": self = .lines
        case "nul": self = .nul
        case "len32": self = .len32
        case "netstring": self = .netstring
        case "whole": self = .whole
        case "jsonl": self = .jsonl
        case "files": self = .files
        case _ where word.hasPrefix("delim:"):
            let bytes = try CEscapes.bytes(of: String(word.dropFirst("delim:".count)))
            guard !bytes.isEmpty else { throw TransportError(.usage, "delim: needs at least one byte", hint: "delim:'\\r\\n'") }
            self = bytes == [0x0a] ? .lines : bytes == [0] ? .nul : .delimiter(bytes)
        default:
            let near = Suggestion.nearest(to: word, in: Self.words)
            throw TransportError(
                .usage, "'\(word)' is not a framing",
                hint: (near.map { "did you mean \($0)? " } ?? "") + "one of \(Self.words.joined(separator: ", "))")
        }
    }

    public var word: String {
        switch self {
        case .lines: "lines"
        case .nul: "nul"
        case .delimiter(let bytes): "delim:\(CEscapes.text(of: bytes))"
        case .len32: "len32"
        case .netstring: "netstring"
        case .whole: "whole"
        case .jsonl: "jsonl"
        case .files: "files"
        }
    }

    /// The bytes that end a record, for framings that have such.
    public var terminator: [UInt8]? {
        switch self {
        case .lines: [0x0a]
        case .nul: [0]
        case .delimiter(let bytes): bytes
        default: nil
        }
    }

    /// The room around a body that lets the record be completed in place; `nil` for framings that must be encoded.
    public var gap: Batch.Gap? {
        switch self {
        case .lines, .nul: Batch.Gap(after: 1)
        case .delimiter(let bytes): Batch.Gap(after: bytes.count)
        case .len32: Batch.Gap(before: 4)
        case .whole: Batch.Gap()
        case .netstring, .jsonl, .files: nil
        }
    }
}

/// C escapes in text that a person types: `\n \t \r \0 \\ \a \b \e \f \v \xHH \NNN`.
public enum CEscapes {
    /// - Throws: `usage` for an escape that does not exist.
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
                let digits = rest.prefix(2).prefix { isHex($0) }
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    throw TransportError(.usage, "'\(text)': \\x needs hexadecimal digits")
                }
                rest = rest.dropFirst(digits.count)
                result.append(value)
            } else if (0x30...0x37).contains(kind) {
                let digits = [kind] + rest.prefix(2).prefix { (0x30...0x37).contains($0) }
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) else {
                    throw TransportError(.usage, "'\(text)': an octal escape goes up to \\377")
                }
                rest = rest.dropFirst(digits.count - 1)
                result.append(value)
            } else {
                throw TransportError(
                    .usage, "'\(text)': no escape \\\(Character(Unicode.Scalar(kind)))", hint: "\\n \\t \\r \\0 \\\\ \\e \\xHH are known")
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

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
