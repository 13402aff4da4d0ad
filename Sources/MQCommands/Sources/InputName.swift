import Glibc

/// How a person can name this run's input and command again.
enum InputName {
    /// The file behind standard input as a word of the shell, or `FILE` when it is none.
    static var shellWord: String {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "FILE" }
        let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
            let length = readlink("/proc/self/fd/0", buffer.baseAddress!, 4096)
            return String(decoding: UnsafeRawBufferPointer(start: buffer.baseAddress!, count: max(0, length)), as: UTF8.self)
        }
        return path.isEmpty || path.hasSuffix(" (deleted)") ? "FILE" : quoted(path)
    }

    /// The command as it was typed, quoted where the shell needs it.
    static var command: String {
        let words = CommandLine.arguments
        let name = words.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "mq"
        return ([name] + words.dropFirst()).map(quoted).joined(separator: " ")
    }

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
