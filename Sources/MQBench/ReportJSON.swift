import FoundationEssentials
public import MQCore

/// Reports as files: JSON, or the page that `ReportHTML` makes, which carries the JSON within.
public enum ReportJSON {
    /// The element of a page that holds a report, its text escaped.
    static let templateStart = "<template class=\"mq-bench\">"
    static let templateEnd = "</template>"

    /// Pretty, with sorted keys, so that two reports can be compared line by line; a line feed at the end.
    /// - Throws: `failure` for a number that JSON cannot write.
    public static func encode(_ report: BenchReport) throws(TransportError) -> [UInt8] { try encode(any: report) }

    static func encode(any value: some Encodable) throws(TransportError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
        } catch {
            throw TransportError(.failure, "the report holds a number that JSON cannot write")
        }
    }

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

    private static func decode(json bytes: [UInt8]) throws(TransportError) -> BenchReport {
        let wellFormed = bytes.withUnsafeBytes { raw in
            Result { () throws(TransportError) in
                var reader = JSONReader(raw)
                try check(&reader)
                try reader.end()
            }
        }
        if case .failure(let error) = wellFormed { throw malformed(error.message) }
        try checkSchema(bytes)
        let report: BenchReport
        do {
            report = try JSONDecoder().decode(BenchReport.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw malformed(sentence(error))
        } catch {
            throw malformed("it cannot be read")
        }
        try checkHistograms(report)
        return report
    }

    /// Well-formed, not nested without end, and no number outside of what figures can be: no sum or conversion
    /// further on can overflow.
    private static func check(_ reader: inout JSONReader) throws(TransportError) {
        switch try reader.kind() {
        case .object: try reader.object { reader, _ throws(TransportError) in try check(&reader) }
        case .array: try reader.array { reader throws(TransportError) in try check(&reader) }
        case .number:
            let text = try reader.number()
            guard let number = Double(text), (0...1e15).contains(number) else {
                throw reader.failure("\(text.prefix(24)) is out of range")
            }
        default: try reader.skip()
        }
    }

    private static func checkSchema(_ bytes: [UInt8]) throws(TransportError) {
        struct Head: Decodable { var schema: String? }
        let schema = (try? JSONDecoder().decode(Head.self, from: Data(bytes)))?.schema
        if schema == BenchReport.schemaName { return }
        guard let schema else { throw malformed("it names no schema; a report says \"\(BenchReport.schemaName)\"") }
        throw malformed("its schema is '\(Figures.printable(String(schema.prefix(40))))', and this mq reads \(BenchReport.schemaName)")
    }

    private static func checkHistograms(_ report: BenchReport) throws(TransportError) {
        for result in report.results {
            for distribution in [result.latency?.response, result.latency?.service, result.latency?.publishDelay] {
                guard let distribution else { continue }
                do throws(TransportError) {
                    _ = try distribution.histogram()
                } catch {
                    throw malformed("\(Figures.printable(result.name)): \(error.message)")
                }
            }
        }
    }

    private static func sentence(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            let keys = context.codingPath + (key.map { [$0] } ?? [])
            let text = keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            return Figures.printable(text.hasPrefix(".") ? String(text.dropFirst()) : text)
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context, key)) is missing"
        case .valueNotFound(_, let context): return "\(path(context)) is null"
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not an object" : "\(path(context)) is not what it should be"
        @unknown default: return "it cannot be read"
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
        while let opening = find(start, in: rest) {
            let body = rest[(opening + start.count)...]
            guard let closing = find(end, in: body) else { throw malformed("the page is cut off") }
            result.append(HTML.unescape(String(decoding: body[..<closing], as: UTF8.self)))
            rest = body[(closing + end.count)...]
        }
        if result.isEmpty { throw malformed("the page holds none") }
        return result
    }

    private static func find(_ needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        for index in bytes.startIndex...(bytes.endIndex - needle.count)
        where bytes[index] == needle[0] && bytes[index..<index + needle.count].elementsEqual(needle) {
            return index
        }
        return nil
    }
}
