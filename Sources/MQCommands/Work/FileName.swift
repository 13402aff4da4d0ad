import Glibc
import MQCore

/// What `--name` says: a name for each of a row of files, from words in braces and fields of strftime(3).
struct FileName {
    /// The words with their meaning, for help.
    static let words: [(String, String)] = [
        ("{queue}", "the queue's name; each of several has files of its own then"), ("{host}", "this host's name up to its first dot"),
        ("{pid}", "the process"),
        ("{n}", "a counter of six digits that makes the name a new one"),
    ]
    static let standard = "{queue}.{host}.%Y-%m-%d_%H-%M-%S.log"

    private enum Piece {
        /// For strftime(3).
        case pattern(String)
        case text(String)
        case queue
        case counter
    }

    private var pieces: [Piece] = []
    private let isCounted: Bool
    private var queue: String
    /// Whether messages of different queues go into different files.
    let namesQueue: Bool
    private let suffix: String

    /// - Parameters:
    ///   - pattern: relative to the folder; slashes make folders.
    ///   - suffix: added unless the pattern ends in it (`.gz`).
    /// - Throws: `usage` for a word that does not exist, or a path that leaves the folder.
    init(_ pattern: String, queue: Address, suffix: String) throws(TransportError) {
        guard !pattern.isEmpty, !pattern.hasSuffix("/") else { throw TransportError(.usage, "--name '\(pattern)' names no file") }
        guard !pattern.hasPrefix("/"), !pattern.split(separator: "/").contains("..") else {
            throw TransportError(.usage, "--name '\(pattern)' leaves the folder of --out-dir")
        }
        self.suffix = suffix
        self.queue = Self.name(of: queue)
        var rest = pattern.hasSuffix(suffix) ? pattern.dropLast(suffix.count) : pattern[...]
        while let open = rest.firstIndex(of: "{") {
            pieces.append(.pattern(String(rest[..<open])))
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw TransportError(.usage, "--name '\(pattern)': a { without its }")
            }
            pieces.append(try Self.piece(String(rest[open...close])))
            rest = rest[rest.index(after: close)...]
        }
        pieces.append(.pattern(String(rest)))
        isCounted = pieces.contains { if case .counter = $0 { true } else { false } }
        namesQueue = pieces.contains { if case .queue = $0 { true } else { false } }
    }

    private static func piece(_ word: String) throws(TransportError) -> Piece {
        switch word {
        case "{queue}": return .queue
        case "{host}": return .text(host)
        case "{pid}": return .text("\(getpid())")
        case "{n}": return .counter
        default:
            let near = Suggestion.nearest(to: word, in: words.map(\.0))
            throw TransportError(
                .usage, "--name knows no \(word)",
                hint: near.map { "did you mean \($0)?" } ?? "one of \(words.map(\.0).joined(separator: ", "))")
        }
    }

    /// The name for the messages of one of several queues.
    func naming(_ queue: String) -> FileName {
        var name = self
        name.queue = Self.plain(queue)
        return name
    }

    /// The path of the file that is opened at `time`, in nanoseconds since 1970; `number` counts from 1 until the name is new.
    func path(_ time: Int64, _ number: Int) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .pattern(let pattern): text += pattern.isEmpty ? "" : Timestamp.formatted(time, pattern)
            case .text(let plain): text += plain
            case .queue: text += queue
            case .counter: text += String(number).zeroPadded(to: 6)
            }
        }
        if !isCounted && number > 1 { text = Self.inserting("-\(number)", into: text) }
        return text + suffix
    }

    /// Before the last dot of the last component, where a name ends and its kind begins.
    private static func inserting(_ mark: String, into path: String) -> String {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[start...].lastIndex(of: "."), dot > start else { return path + mark }
        return path[..<dot] + mark + path[dot...]
    }

    /// What the address says behind scheme and hosts, in bytes that every file system takes.
    private static func name(of address: Address) -> String {
        var text = Address.decoded(address.short.drop { $0 != ":" }.dropFirst())
        if text.hasPrefix("//"), let slash = text.dropFirst(2).firstIndex(of: "/") { text = String(text[text.index(after: slash)...]) }
        return plain(text)
    }

    private static func plain(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain = (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "._-#".utf8.contains(byte)
            if isPlain { bytes.append(byte) } else if bytes.last != UInt8(ascii: "_"), !bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
        }
        return bytes.isEmpty ? "queue" : String(decoding: bytes, as: UTF8.self)
    }

    private static let host = HostName.current.map { String($0.prefix { $0 != "." && $0 != "/" }) } ?? "localhost"
}
