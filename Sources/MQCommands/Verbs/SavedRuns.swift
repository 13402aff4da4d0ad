import Glibc
import MQBench
import MQCore

/// Runs kept under a name, in `$XDG_DATA_HOME/mq/bench`, else `~/.local/share/mq/bench`.
enum SavedRuns {
    static var folder: String {
        let home = Configuration.environment("XDG_DATA_HOME") ?? (Configuration.environment("HOME") ?? "") + "/.local/share"
        return home + "/mq/bench"
    }

    /// Makes the folder.
    /// - Throws: `usage` for a name that is none, `cannotCreate`.
    static func path(of name: String) throws(TransportError) -> String {
        let isPlain = !name.isEmpty && !name.hasPrefix(".") && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
        guard isPlain, name.utf8.count <= 200 else { throw TransportError(.usage, "--save '\(name)' is not a name") }
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: true) {
            path += "/\(part)"
            try LocalFile.makeFolder(path)
        }
        return "\(path)/\(name).json"
    }

    /// The reports of a file (JSON or HTML), or the one kept under that name.
    static func load(_ name: String) throws(TransportError) -> [BenchReport] {
        let kept = "\(folder)/\(name).json"
        let path = access(name.rawCString, R_OK) != 0 && !name.contains("/") && access(kept.rawCString, R_OK) == 0 ? kept : name
        let bytes = try LocalFile.contents(of: path, limit: 1 << 28)
        do throws(TransportError) {
            return try ReportJSON.decodeAll(bytes)
        } catch {
            var error = error
            error.message = "\(path): \(error.message)"
            throw error
        }
    }
}
