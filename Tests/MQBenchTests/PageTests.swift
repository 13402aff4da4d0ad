import Glibc
import MQTesting
import Testing

@testable import MQBench

@Suite("A report as a page", .timeLimit(.minutes(1)))
struct PageTests {
    /// With `MQ_TEST_PAGES=DIRECTORY` the pages stay there to be looked at.
    static let pages = [
        SampleReports("one", Sample.report()), SampleReports("five", Sample.report(transports: 5, label: "five transports")),
        SampleReports("sizes", Sample.report(sizes: [16, 1024, 65536], label: "sizes")), SampleReports("troubled", Sample.troubled()),
        SampleReports(
            "two", Sample.report(transports: 3, label: "before"), Sample.report(transports: 3, label: "after", seed: 9, speed: 0.8)),
        SampleReports("rtt", Sample.roundTrip()), SampleReports("find", Sample.search()),
    ]

    @Test("holds its reports, as they were, and no script", arguments: pages)
    func holdsReports(_ page: SampleReports) throws {
        let text = try ReportHTML.page(page.reports)
        if let directory = getenv("MQ_TEST_PAGES").map({ String(cString: $0) }) { write(text, to: "\(directory)/\(page.name).html") }
        #expect(try ReportJSON.decodeAll(Array(text.utf8)) == page.reports)
        let lower = text.lowercased()
        for forbidden in ["<script", "javascript:", " onload", "http://", "https://", "@import", "url(http"] {
            let visible = lower.prefix(while: { _ in true })
            let body = visible.range(of: ReportJSON.templateStart).map { visible[..<$0.lowerBound] } ?? visible[...]
            #expect(!body.contains(forbidden), "\(forbidden)")
        }
    }

    @Test("draws and shows finite numbers only", arguments: pages)
    func finiteNumbers(_ page: SampleReports) throws {
        let text = try ReportHTML.page(page.reports)
        let places = text.matches(of: /\s(?:x|y|x1|x2|y1|y2|cx|cy|r|width|height)="([^"]*)"/).map(\.1)
        #expect(places.count > 20)
        for place in places { #expect(Double(place)?.isFinite == true, "\(place)") }
        let points = text.matches(of: /\spoints="([^"]*)"/).flatMap { $0.1.split { $0 == " " || $0 == "," } }
        for number in points { #expect(Double(number)?.isFinite == true, "\(number)") }
        let cells = text.matches(of: /<td>([^<]*)<\/td>/).map(\.1)
        #expect(cells.count > 5)
        for cell in cells {
            let words = cell.lowercased().split { !$0.isLetter }
            #expect(!words.contains("nan") && !words.contains("inf") && !words.contains("infinity"), "\(cell)")
        }
    }

    private func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }
}

extension StringProtocol {
    /// Without Foundation.
    func range(of needle: String) -> Range<String.Index>? {
        let text = Array(utf8), wanted = Array(needle.utf8)
        guard text.count >= wanted.count else { return nil }
        for start in 0...(text.count - wanted.count) where text[start..<start + wanted.count].elementsEqual(wanted) {
            return utf8.index(startIndex, offsetBy: start)..<utf8.index(startIndex, offsetBy: start + wanted.count)
        }
        return nil
    }
}
