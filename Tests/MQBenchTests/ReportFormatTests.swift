import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

@Suite("Reports", .timeLimit(.minutes(1)))
struct ReportFormatTests {
    private let fixture = Fixture()

    static let samples = [
        SampleReports("one", Sample.report()), SampleReports("five", Sample.report(transports: 5, sizes: [16, 65536])),
        SampleReports("troubled", Sample.troubled()), SampleReports("round trips", Sample.roundTrip()),
        SampleReports("search", Sample.search()),
    ]

    @Test(
        "keep to the published schema, by an independent validator",
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with jsonschema"), arguments: samples)
    func schema(_ sample: SampleReports) throws {
        let program = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))
            print("valid")
            """
        let result = try Executable(python!).run(
            ["-c", program, Executable.packageRoot + "/Schemas/bench-1.json"], input: .bytes(try ReportJSON.encode(sample.reports[0])))
        #expect(result.text == "valid\n", "\(result.errorText.suffix(400))")
    }

    @Test(
        "have histogram logs that an independent reader reads",
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with hdrhistogram"))
    func histogramLog() throws {
        let path = try fixture.directory() + "/run.hlog"
        let report = Sample.report(transports: 2)
        try LocalFile.write(Array(try HistogramLog(report).text.utf8), to: path)
        let program = """
            import sys
            from hdrh.histogram import HdrHistogram
            from hdrh.log import HistogramLogReader
            reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600 * 10**9, 3))
            while (h := reader.get_next_interval_histogram()) is not None:
                print(h.get_total_count(), *(h.get_value_at_percentile(p) for p in (50, 90, 99, 99.9)))
            """
        let result = try Executable(python!).run("-c", program, path)
        let expected = try HistogramLog(report).entries.map { entry in
            let values = [0.5, 0.9, 0.99, 0.999].map { "\(entry.histogram.value(at: $0))" }
            return "\(entry.histogram.count) " + values.joined(separator: " ")
        }
        #expect(result.lines == expected, "\(result.errorText.suffix(400))")
    }

    @Test("fit a terminal of 80 columns", arguments: samples, [true, false])
    func width(_ sample: SampleReports, isTerminal: Bool) {
        for line in ReportText.text(sample.reports[0], isTerminal: isTerminal).split(separator: "\n") {
            #expect(line.count <= 80, "\(line)")
        }
    }

    @Test("show as many digits of a percentile as a comparison does")
    func digits() throws {
        var report = Sample.report()
        report.floor = nil
        let result = report.results[0]
        let latency = try #require(result.latency)
        let values = latency.response
        // What the harness costs takes no digit away from what is above it.
        let floor = Floor(messagesPerSecond: 1e6, p50: values.p50 / 2, p99: values.p50)
        let cells = LatencyCells(latency, of: result, floor: floor).percentiles
        let metrics: [(Metric, Double)] = [
            (.p50, values.p50), (.p90, values.p90), (.p99, values.p99), (.p999, values.p999), (.max, values.max),
        ]
        #expect(cells == metrics.map { $0.text($1) })
        let comparison = try Comparison(old: report, new: report).text
        for cell in cells { #expect(comparison.contains(cell), "\(cell)") }
    }

    @Test("do not tell a tail below that of the harness alone")
    func untoldTail() throws {
        let result = Sample.report().results[0]
        let latency = try #require(result.latency)
        let (median, tail) = (latency.response.p50, latency.response.p99)
        let floor = Floor(messagesPerSecond: 1e6, p50: median / 2, p99: tail * 1.5)
        let cells = LatencyCells(latency, of: result, floor: floor).percentiles
        #expect(cells[0] == Figures.time(median) && cells[2] == "<" + Figures.time(tail * 1.5), "\(cells)")
    }

    @Test("advise what to do next")
    func next() {
        var report = Sample.report(transports: 2)
        #expect(ReportText.text(report, isTerminal: false).contains("next: the same with --save before"))
        (report.results[1].throughput, report.results[1].latency, report.results[1].failure) = (nil, nil, "nobody answers")
        #expect(ReportText.text(report, isTerminal: false).contains("next: fix what failed, or leave it out"))
    }

    @Test("as rows have as many cells as their header names")
    func rows() {
        /// Commas within quotes divide nothing (RFC 4180).
        func cells(_ line: Substring) -> Int {
            var isQuoted = false
            return line.reduce(1) { count, character in
                if character == "\"" { isQuoted.toggle() }
                return count + (character == "," && !isQuoted ? 1 : 0)
            }
        }
        let lines = ReportCSV.text(Self.samples.filter { $0.name != "troubled" }.map(\.reports[0])).split(whereSeparator: \.isNewline)
        #expect(lines.count > 5 && cells(lines[0]) > 10)
        for line in lines { #expect(cells(line) == cells(lines[0]), "\(line)") }
    }
}
