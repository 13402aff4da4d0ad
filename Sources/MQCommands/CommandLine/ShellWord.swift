import MQCore

/// A word as one types it at a shell.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        if word.isRaw { return "$'\(word.rawBytes.map(escaped).joined())'" }
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "@%_+=:,./-".utf8.contains(byte)
            }
        // zsh takes a leading = for a command to look up.
        if isPlain && !word.hasPrefix("=") { return word }
        // By bytes: a quote with a combining accent is one character to Swift and a quote to the shell.
        let parts = word.utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false).map { String(Substring($0)) }
        return "'" + parts.joined(separator: "'\\''") + "'"
    }

    /// Within `$'…'` of bash and zsh, where only escapes can stand for bytes that are not UTF-8.
    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): "\\\(Character(Unicode.Scalar(byte)))"
        case 0x20..<0x7f: "\(Character(Unicode.Scalar(byte)))"
        // Three digits, so that what follows is not taken for another.
        default: "\\" + String(byte, radix: 8).zeroPadded(to: 3)
        }
    }
}
