import ArgumentParser
import Glibc
import MQBench
import MQCore

/// Where the results of a benchmark go beside the terminal.
struct BenchOutputs: ParsableArguments {
    @Option(help: ArgumentHelp("Write everything as JSON (schema mq.bench/1).", valueName: "file"), completion: .file())
    var json: String?

    @Option(help: ArgumentHelp("Write a row for each result and phase.", valueName: "file"), completion: .file())
    var csv: String?

    @Option(help: ArgumentHelp("Write tables in Markdown.", valueName: "file"), completion: .file())
    var md: String?

    @Option(help: ArgumentHelp("Write a page with charts, which compare takes too.", valueName: "file"), completion: .file())
    var html: String?

    @Option(help: ArgumentHelp("Write the histograms as an HdrHistogram log, PREFIX.hlog.", valueName: "prefix"))
    var hdr: String?

    @Option(help: ArgumentHelp("What this run is called in reports.", valueName: "text"))
    var label: String?

    @Option(help: ArgumentHelp("Keep the run under a name, for mq bench compare.", valueName: "name"))
    var save: String?

    /// Finds out before a run of minutes that its result could not be written.
    func check() throws(TransportError) {
        if let save { _ = try SavedRuns.path(of: save) }
        for path in [json, csv, md, html, hdr.map { $0 + ".hlog" }].compactMap(\.self) {
            let folder = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
            if access(folder.isEmpty ? "/" : folder, W_OK) != 0 { throw LocalFile.failure(folder, errno) }
        }
    }

    func write(_ report: BenchReport) throws(TransportError) {
        if let json { try LocalFile.write(try ReportJSON.encode(report), to: json) }
        if let csv { try LocalFile.write(Array(ReportCSV.text([report]).utf8), to: csv) }
        if let md { try LocalFile.write(Array(ReportMarkdown.text([report]).utf8), to: md) }
        if let html { try LocalFile.write(Array(try ReportHTML.page([report]).utf8), to: html) }
        if let hdr { try LocalFile.write(Array(try HistogramLog(report).text.utf8), to: hdr + ".hlog") }
        if let save { try LocalFile.write(try ReportJSON.encode(report), to: try SavedRuns.path(of: save)) }
    }
}

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
            if mkdir(path, 0o777) != 0 && errno != EEXIST {
                throw TransportError(.cannotCreate, "\(path): \(SystemError.words(errno))", errno: errno)
            }
        }
        return "\(path)/\(name).json"
    }

    /// The reports of a file (JSON or HTML), or the one kept under that name.
    static func load(_ name: String) throws(TransportError) -> [BenchReport] {
        let kept = "\(folder)/\(name).json"
        let path = access(name, R_OK) != 0 && !name.contains("/") && access(kept, R_OK) == 0 ? kept : name
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
