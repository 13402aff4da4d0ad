internal import MQCore

/// A file of sections, `~/.aws/config` or `~/.aws/credentials`: the format in "Shared config and credentials files" of
/// the AWS SDKs' reference guide.
struct ConfigFile: Sendable, Equatable {
    /// By the text between the brackets; keys are in lower case. A key of a nested group is `group.key`.
    private(set) var sections: [String: [String: String]] = [:]

    init() {}

    /// - Throws: `configuration`, naming the line.
    init(parsing bytes: [UInt8], path: String) throws(TransportError) {
        var section: String?
        var group: String?
        var number = 0
        for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
            number += 1
            let isIndented = line.first == 0x20 || line.first == 0x09
            let text = Self.trimmed(line)
            guard let first = text.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            if first == UInt8(ascii: "["), !isIndented {
                guard let end = text.firstIndex(of: UInt8(ascii: "]")) else { throw Self.failure(path, number, "a section without ']'") }
                section = Self.name(text[text.index(after: text.startIndex)..<end])
                group = nil
                sections[section!, default: [:]].merge([:]) { $1 }
                continue
            }
            guard let section else { throw Self.failure(path, number, "a value before the first section") }
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else {
                // The second line of a value that goes on; no key that is read here has one.
                if isIndented { continue }
                throw Self.failure(path, number, "neither a section nor key = value")
            }
            let key = Self.string(Self.trimmed(text[..<equals])).lowercased()
            let value = Self.string(Self.trimmed(Self.withoutComment(text[text.index(after: equals)...])))
            guard !key.isEmpty else { throw Self.failure(path, number, "a value without a key") }
            if isIndented, let group {
                sections[section]!["\(group).\(key)"] = value
            } else {
                sections[section]![key] = value
                group = value.isEmpty ? key : nil
            }
        }
    }

    /// The value of a key in a section; an empty one is none.
    subscript(section: String, key: String) -> String? {
        guard let value = sections[section]?[key], !value.isEmpty else { return nil }
        return value
    }

    /// `profile name` and `profile "name"` are one section, and so are `default` and `profile default`.
    private static func name(_ text: ArraySlice<UInt8>) -> String {
        let words = trimmed(text)
        let kind = words.prefix { $0 != 0x20 && $0 != 0x09 }
        let rest = string(trimmed(words.dropFirst(kind.count)))
        if rest.isEmpty { return string(kind) }
        let isQuoted = rest.utf8.count >= 2 && (rest.first == "\"" || rest.first == "'") && rest.last == rest.first
        let name = isQuoted ? String(rest.dropFirst().dropLast()) : rest
        return string(kind) == "profile" && name == "default" ? name : "\(string(kind)) \(name)"
    }

    private static func withoutComment(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var isAfterSpace = false
        for index in text.indices {
            let byte = text[index]
            if isAfterSpace && (byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";")) { return text[..<index] }
            isAfterSpace = byte == 0x20 || byte == 0x09
        }
        return text
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d }
        let start = text.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return [] }
        return start[...last]
    }

    private static func string(_ text: ArraySlice<UInt8>) -> String { String(decoding: text, as: UTF8.self) }

    private static func failure(_ path: String, _ line: Int, _ what: String) -> TransportError {
        // The line itself may hold a secret and is not shown.
        TransportError(.configuration, "\(path), line \(line): \(what)")
    }
}
