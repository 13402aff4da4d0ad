import Glibc
import MQBench
import MQCore

/// Runs kept under a name, in `$XDG_DATA_HOME/mq/bench`, else `~/.local/share/mq/bench`.
enum SavedRuns {
    static var folder: String? { Configuration.folder("XDG_DATA_HOME", orInHome: ".local/share").map { $0 + "/mq/bench" } }

    /// Makes the folder.
    /// - Throws: `usage` for a name that is none, `cannotCreate`.
    static func path(of name: String) throws(TransportError) -> String {
        let isPlain = !name.isEmpty && !name.hasPrefix(".") && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
        guard isPlain, name.utf8.count <= 200 else { throw TransportError(.usage, "--save '\(name)' is not a name") }
        guard let folder else { throw TransportError(.usage, "--save needs HOME, which is not set", hint: "--json FILE needs no place") }
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: true) {
            path += "/\(part)"
            try LocalFile.makeFolder(path)
        }
        return "\(path)/\(name).json"
    }

    /// The reports of a file (JSON or HTML), or the one kept under that name.
    static func load(_ name: String) throws(TransportError) -> [BenchReport] {
        var path = name
        if let folder, access(name.rawCString, R_OK) != 0, !name.contains("/"), access("\(folder)/\(name).json".rawCString, R_OK) == 0 {
            path = "\(folder)/\(name).json"
        }
        // A pipe, as of `<(ssh host cat run.json)`: signals have their usual effect here.
        ProcessMonitor.releaseSignals()
        guard let bytes = try LocalFile.contents(of: path, limit: 1 << 28, stop: StopFlag()) else { return [] }
        do throws(TransportError) {
            return try ReportJSON.decodeAll(bytes)
        } catch {
            var error = error
            error.message = "\(path): \(error.message)"
            throw error
        }
    }
}
