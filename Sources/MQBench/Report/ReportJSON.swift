public import MQCore

/// Reports as files: JSON, or the page that `ReportHTML` makes, which carries the JSON within.
public enum ReportJSON {
    /// The element of a page that holds a report, its text escaped.
    static let templateStart = "<template class=\"mq-bench\">"
    static let templateEnd = "</template>"

    /// Pretty, with sorted keys, so that two reports can be compared line by line; a line feed at the end.
    /// - Throws: `failure` for a number that JSON cannot write.
    public static func encode(_ report: BenchReport) throws(TransportError) -> [UInt8] { try report.tree.pretty() }

    /// One report.
    /// - Throws: `malformed` for anything else, and for a page with several.
    public static func decode(_ bytes: [UInt8]) throws(TransportError) -> BenchReport {
        let all = try decodeAll(bytes)
        guard all.count == 1 else {
            throw TransportError(.malformed, "the page holds \(all.count) reports where one is needed")
        }
        return all[0]
    }

    /// Every report of a file: one for JSON, one or more for a page.
    /// - Throws: `malformed` with one sentence.
    public static func decodeAll(_ bytes: [UInt8]) throws(TransportError) -> [BenchReport] {
        let first = bytes.first { !($0 == 0x20 || (0x09...0x0d).contains($0)) }
        guard first != nil else { throw malformed("the file is empty") }
        guard first == UInt8(ascii: "<") else { return [try decode(json: bytes)] }
        var reports: [BenchReport] = []
        for text in try templates(in: bytes) { reports.append(try decode(json: Array(text.utf8))) }
        return reports
    }

    /// What a figure can be: no sum or conversion further on can overflow.
    private static let numbers = 0...1e15

    private static func decode(json bytes: [UInt8]) throws(TransportError) -> BenchReport {
        let tree: JSONTree
        do throws(TransportError) {
            tree = try JSONTree(parsing: bytes, numbers: numbers)
        } catch {
            throw malformed(error.message)
        }
        try checkSchema(tree)
        let report: BenchReport
        do throws(JSONMismatch) {
            report = try BenchReport(tree)
        } catch {
            throw malformed(error.sentence)
        }
        try checkHistograms(report)
        return report
    }

    private static func checkSchema(_ tree: JSONTree) throws(TransportError) {
        switch tree["schema"] {
        case .string(BenchReport.schemaName): return
        case .string(let other):
            throw malformed("its schema is '\(String(other.prefix(40)).printable)', and this mq reads \(BenchReport.schemaName)")
        default: throw malformed("it names no schema; a report says \"\(BenchReport.schemaName)\"")
        }
    }

    private static func checkHistograms(_ report: BenchReport) throws(TransportError) {
        for result in report.results {
            for distribution in [result.latency?.response, result.latency?.service, result.latency?.publishDelay] {
                guard let distribution else { continue }
                do throws(TransportError) {
                    _ = try distribution.histogram()
                } catch {
                    throw malformed("\(result.name.printable): \(error.message)")
                }
            }
        }
    }

    private static func malformed(_ why: String) -> TransportError {
        TransportError(.malformed, "not a report of mq bench: \(why)", hint: "it takes what --json, --html or --save wrote")
    }
}

extension ReportJSON {
    /// What stands in a page for a report.
    static func template(_ report: BenchReport) throws(TransportError) -> String {
        templateStart + HTML.escape(String(decoding: try encode(report), as: UTF8.self)) + templateEnd
    }

    private static func templates(in page: [UInt8]) throws(TransportError) -> [String] {
        let start = Array(templateStart.utf8), end = Array(templateEnd.utf8)
        var result: [String] = []
        var rest = page[...]
        while let opening = ByteSearch.range(of: start, in: rest) {
            let body = rest[opening.upperBound...]
            guard let closing = ByteSearch.range(of: end, in: body) else { throw malformed("the page is cut off") }
            result.append(HTML.unescape(String(decoding: body[..<closing.lowerBound], as: UTF8.self)))
            rest = body[closing.upperBound...]
        }
        if result.isEmpty { throw malformed("the page holds none") }
        return result
    }
}
