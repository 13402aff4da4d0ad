import Glibc
import MQCore

/// How a person can name this run's input and command again.
enum InputName {
    /// The file behind standard input as a word of the shell, or `FILE` when it is none.
    static var shellWord: String {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "FILE" }
        let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
            let length = readlink("/proc/self/fd/0", buffer.baseAddress!, 4096)
            return String(raw: UnsafeRawBufferPointer(start: buffer.baseAddress!, count: max(0, length)))
        }
        return path.isEmpty || path.hasSuffix(" (deleted)") ? "FILE" : ShellWord.quoted(path)
    }

    /// The command as it was typed, quoted where the shell needs it.
    static var command: String {
        let words = CommandWords.all
        let name = words.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "mq"
        return ([name] + words.dropFirst()).map(ShellWord.quoted).joined(separator: " ")
    }
}
