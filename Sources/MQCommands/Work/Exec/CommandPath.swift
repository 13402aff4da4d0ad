import Glibc
import MQCore

/// Where a command is, as execvp(3) finds it.
enum CommandPath {
    /// - Throws: `usage` when there is no such command, or it may not be run.
    static func find(_ word: String) throws(TransportError) -> String {
        if word.isEmpty { throw TransportError(.usage, "the command is empty") }
        if word.utf8.contains(UInt8(ascii: "/")) {
            if let reason = obstacle(word) { throw TransportError(.usage, "'\(word)' cannot be run: \(reason)") }
            return word
        }
        let search = getenv("PATH").map { String(rawCString: $0) } ?? "/bin:/usr/bin"
        var found: String?
        for folder in search.split(separator: ":", omittingEmptySubsequences: false) {
            let path = "\(folder.isEmpty ? "." : folder)/\(word)"
            guard let reason = obstacle(path) else { return path }
            if access(path.rawCString, F_OK) == 0 && found == nil { found = "'\(path)' cannot be run: \(reason)" }
        }
        throw TransportError(.usage, found ?? "there is no command '\(word)'", hint: found == nil ? "PATH is \(search)" : nil)
    }

    private static func obstacle(_ path: String) -> String? {
        var status = stat()
        guard stat(path.rawCString, &status) == 0 else { return SystemError.words(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { return "it is a folder" }
        return access(path.rawCString, X_OK) == 0 ? nil : SystemError.words(errno)
    }
}
