import Glibc
import MQCore

/// Looks up a program as execvp(3) does, so that a mistake is found before anything is opened.
enum ProgramPath {
    /// - Throws: `usage` when there is none, or it may not be run.
    static func require(_ name: String) throws(TransportError) {
        if name.isEmpty { throw TransportError(.usage, "the command has no name") }
        if name.utf8.contains(UInt8(ascii: "/")) {
            guard access(name, X_OK) != 0 else { return }
            throw TransportError(.usage, "'\(name)' cannot be run: \(SystemError.words(errno))")
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/bin:/usr/bin"
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            if access(folder.isEmpty ? name : "\(folder)/\(name)", X_OK) == 0 { return }
        }
        throw TransportError(.usage, "there is no command '\(name)'", hint: "it is looked for in PATH")
    }
}
