/// A word as it is typed into a shell.
enum ShellWord {
    /// Quoted where the shell needs it.
    static func quoted(_ word: String) -> String {
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
}
