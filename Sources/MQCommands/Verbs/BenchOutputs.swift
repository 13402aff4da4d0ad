import Glibc
import MQBench
import MQCore

/// Where the results of a benchmark go beside the terminal.
struct BenchOutputs {
    static let json = Flag("json", nil, .file, help: "Write everything to FILE as JSON (schema mq.bench/1).")
    static let csv = Flag("csv", nil, .file, help: "Write one row per result and phase to FILE.")
    static let md = Flag("md", nil, .file, help: "Write tables in Markdown to FILE.")
    static let html = Flag("html", nil, .file, help: "Write a page with charts to FILE; compare takes it too.")
    static let hdr = Flag("hdr", nil, .file, "PREFIX", help: "Write the histograms to PREFIX.hlog, as an HdrHistogram log.")
    static let label = Flag("label", nil, .text(), help: "Call this run TEXT in reports.")
    static let save = Flag("save", nil, .name, help: "Keep the run under NAME, for mq bench compare.")

    static let flags = [json, csv, md, html, hdr, label, save]

    let json, csv, md, html, hdr, label, save: String?

    init(_ words: Arguments) {
        (json, csv, md) = (words.text(Self.json), words.text(Self.csv), words.text(Self.md))
        (html, hdr) = (words.text(Self.html), words.text(Self.hdr))
        (label, save) = (words.text(Self.label), words.text(Self.save))
    }

    /// Finds out before a run of minutes that its result could not be written.
    func check() throws(TransportError) {
        if let save { _ = try SavedRuns.path(of: save) }
        for path in [json, csv, md, html, hdr.map { $0 + ".hlog" }].compactMap(\.self) {
            let folder = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
            if access((folder.isEmpty ? "/" : folder).rawCString, W_OK) != 0 { throw LocalFile.failure(folder, errno) }
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
