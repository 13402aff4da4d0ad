/// How messages are told apart in a stream of bytes; the same words for `send` and `recv`.
public enum Framing: Sendable, Equatable {
    /// A line feed ends a message.
    case lines
    /// A zero byte ends a message.
    case nul
    /// These bytes, at least one, end a message.
    case delimiter([UInt8])
    /// The length in 4 bytes, big-endian, before each message.
    case len32
    /// The length in digits and a colon before, a comma behind each message.
    case netstring
    /// All of the input is one message.
    case whole
    /// One JSON record per line, with what a message carries beside its body.
    case jsonl
    /// One file per message; the stream holds their names.
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

    /// As `--framing` takes it.
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
