import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

@Suite("Reports", .timeLimit(.minutes(1)))
struct ReportFormatTests {
    static let samples: [(name: String, report: BenchReport)] = [
        ("one", Sample.report()), ("five", Sample.report(transports: 5, sizes: [16, 65536])), ("troubled", Sample.troubled()),
        ("round trips", Sample.roundTrip()), ("search", Sample.search()),
    ]

    @Test(
        "keep to the published schema, by an independent validator",
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with jsonschema"), arguments: samples)
    func schema(_ sample: (name: String, report: BenchReport)) throws {
        let program = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))
            print("valid")
            """
        let result = try Executable(python!).run(
            ["-c", program, Executable.packageRoot + "/Schemas/bench-1.json"], input: .bytes(try ReportJSON.encode(sample.report)))
        #expect(result.text == "valid\n", "\(result.errorText.suffix(400))")
    }

    @Test(
        "have histogram logs that an independent reader reads",
        .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with hdrhistogram"))
    func histogramLog() throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
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

    @Test("come back from JSON as they were", arguments: samples)
    func identity(_ sample: (name: String, report: BenchReport)) throws {
        #expect(try ReportJSON.decode(try ReportJSON.encode(sample.report)) == sample.report)
    }

    @Test("that are cut off anywhere are refused in a sentence")
    func truncated() throws {
        let bytes = try ReportJSON.encode(Sample.report())
        for length in stride(from: 0, to: bytes.count - 2, by: max(1, bytes.count / 60)) {
            #expect(throws: TransportError.self) { try ReportJSON.decode(Array(bytes[..<length])) }
        }
    }

    @Test("fit a terminal of 80 columns", arguments: samples, [true, false])
    func width(_ sample: (name: String, report: BenchReport), isTerminal: Bool) {
        for line in ReportText.text(sample.report, isTerminal: isTerminal).split(separator: "\n") {
            #expect(line.count <= 80, "\(line)")
        }
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
        let lines = ReportCSV.text(Self.samples.filter { $0.name != "troubled" }.map(\.report)).split(whereSeparator: \.isNewline)
        #expect(lines.count > 5 && cells(lines[0]) > 10)
        for line in lines { #expect(cells(line) == cells(lines[0]), "\(line)") }
    }
}

@Suite("A histogram", .timeLimit(.minutes(1)))
struct HistogramTests {
    @Test("agrees with sorted values to three digits", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func percentiles(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let values = (0..<5000).map { _ in Int(exp(Double.random(in: 0...25, using: &random))) }.sorted()
        var histogram = Histogram()
        for value in values { histogram.record(value) }
        #expect(histogram.count == values.count && histogram.minimum == values.first && histogram.maximum == values.last)
        for share in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((share * Double(values.count)).rounded(.up)) - 1)]
            let found = histogram.value(at: share)
            #expect(Double(abs(found - exact)) <= Double(exact) / 1000 + 1, "\(share): \(found) for \(exact)")
        }
    }

    @Test("counts small values exactly and puts each bucket where it belongs")
    func buckets() {
        for value in Array(0..<5000) + [1 << 20, 1 << 30, (1 << 40) + 12345] {
            let index = Histogram.index(of: value)
            #expect(Histogram.lowest(at: index) <= value && value <= Histogram.highest(at: index))
        }
        #expect(Histogram.lowest(at: 2047) == 2047 && Histogram.highest(at: 2047) == 2047)
        #expect(Histogram.lowest(at: 2048) == 2048 && Histogram.highest(at: 2048) == 2049)
    }

    @Test("merged with another is that of both, and survives its own log")
    func mergeAndLog() throws {
        let (first, second) = (Sample.histogram(median: 5000, seed: 3), Sample.histogram(median: 90_000, seed: 4))
        var both = first
        both.merge(second)
        #expect(both.count == first.count + second.count)
        let read = try Histogram(log: both.log)
        #expect(read.count == both.count && read.counts == both.counts)
    }

    @Test("that is no log is refused, whatever its bytes")
    func fuzz() {
        var random = SeededGenerator(seed: 7)
        let log = Array(Sample.histogram(median: 5000, count: 200).log.utf8)
        for _ in 0..<2000 {
            var bytes = log
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32..<127, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<min(40, bytes.count), using: &random))
            // It may still be one, of other counts; what it must not do is crash.
            _ = try? Histogram(log: String(decoding: bytes, as: UTF8.self))
        }
    }
}

@Suite("Comparing two runs", .timeLimit(.minutes(1)))
struct ComparisonTests {
    @Test("calls nothing better or worse that is the same")
    func same() throws {
        let report = Sample.report(transports: 3)
        let comparison = try Comparison(
            old: report, new: report, conditions: [try FailCondition("p99>+1%"), try FailCondition("throughput<-1%")])
        #expect(!comparison.hasFailed)
        #expect(comparison.pairs.count == 3)
        #expect(comparison.pairs.flatMap(\.changes).allSatisfy { $0.verdict == .same })
    }

    @Test("finds a run that is a third slower, and fails on it")
    func slower() throws {
        let comparison = try Comparison(
            old: Sample.report(transports: 2), new: Sample.report(transports: 2, seed: 9, speed: 0.67),
            conditions: [try FailCondition("throughput<-10%"), try FailCondition("p50>+10%")])
        #expect(comparison.hasFailed)
        #expect(comparison.outcomes.allSatisfy { !$0.failures.isEmpty })
    }

    @Test("refuses other plans and other hosts, and says what differs")
    func unlike() throws {
        let old = Sample.report()
        var plan = old, host = old
        plan.plan.duration = 9
        host.host.processors = 64
        for new in [plan, host] {
            let error = #expect(throws: TransportError.self) { try Comparison(old: old, new: new) }
            #expect(error?.details.count == 1)
            #expect(throws: Never.self) { try Comparison(old: old, new: new, isForced: true) }
        }
    }

    @Test(
        "takes conditions as people write them", arguments: ["p99>+10%", "throughput < -5%", "max>50ms", "lost>0", "p99.9>1s", "cpu>+3%"])
    func conditions(text: String) throws { _ = try FailCondition(text) }

    @Test(
        "refuses conditions that are none, in a sentence",
        arguments: ["", "p99", "p98>1%", "p99>", "p99=3", "p99>+x%", "lost>-1", "p99>>1%", ">5", "p99>10furlongs"])
    func wrongConditions(text: String) {
        let error = #expect(throws: TransportError.self) { try FailCondition(text) }
        #expect(error?.code == .usage)
    }
}
