import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

@Suite("Reports as JSON", .timeLimit(.minutes(1)))
struct ReportJSONTests {
    @Test("come back as they were", arguments: ReportFormatTests.samples)
    func identity(_ sample: SampleReports) throws {
        #expect(try ReportJSON.decode(try ReportJSON.encode(sample.reports[0])) == sample.reports[0])
    }

    @Test("come back as they were, whatever stands in them")
    func anyReport() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let report = Sample.random(&random)
            let text = try ReportJSON.encode(report)
            #expect(try ReportJSON.decode(text) == report, "seed \(seed)")
            let page = try ReportHTML.page([report, report])
            #expect(try ReportJSON.decodeAll(Array(page.utf8)) == [report, report], "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test("that are damaged are refused in a sentence, or are what they are written as")
    func fuzz() throws {
        var refused = 0
        let rounds = try Fuzz.rounds { random, seed in
            var bytes = try ReportJSON.encode(Sample.random(&random))
            // Every second one stays JSON: a digit becomes another.
            let places = seed % 2 == 0 ? bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) } : Array(bytes.indices)
            let place = places.randomElement(using: &random)!
            bytes[place] = seed % 2 == 0 ? UInt8.random(in: 0x30...0x39, using: &random) : UInt8.random(in: 9..<255, using: &random)
            do throws(TransportError) {
                let report = try ReportJSON.decode(bytes)
                #expect(try ReportJSON.decode(try ReportJSON.encode(report)) == report, "seed \(seed)")
            } catch {
                #expect(error.code == .malformed && error.message.hasPrefix("not a report of mq bench: "), "seed \(seed): \(error.message)")
                refused += 1
            }
        }
        #expect(refused > 0 && refused < rounds, "\(refused) of \(rounds)")
    }

    @Test("of earlier versions are read", arguments: [("report-0.1.0.json", 1), ("report-0.1.0.html", 2)])
    func earlier(name: String, count: Int) throws {
        let bytes = try LocalFile.contents(of: Executable.packageRoot + "/Tests/Samples/\(name)", limit: 1 << 20)
        let reports = try ReportJSON.decodeAll(bytes)
        #expect(reports.count == count)
        let first = try #require(reports.first)
        #expect(first.version == "0.1.0" && first.label == "a <first> run" && first.plan.count == 500)
        let result = try #require(first.results.first)
        #expect(result.throughput?.account.figures == [500, 0, 0, 0])
        #expect(try #require(result.latency).response.histogram().count == result.latency?.response.count)
        #expect(try ReportJSON.decode(try ReportJSON.encode(first)) == first)
    }

    @Test("that are cut off anywhere are refused in a sentence")
    func truncated() throws {
        let bytes = try ReportJSON.encode(Sample.report())
        for length in stride(from: 0, to: bytes.count - 2, by: max(1, bytes.count / 60)) {
            #expect(throws: TransportError.self) { try ReportJSON.decode(Array(bytes[..<length])) }
        }
    }

    @Test(
        "that are none are refused, and the sentence says where",
        arguments: [
            ("", "the file is empty"), ("[]", "it names no schema"), ("{}", "it names no schema"),
            (#"{"schema":"mq.bench/2"}"#, "its schema is 'mq.bench/2', and this mq reads mq.bench/1"),
            (#"{"schema":"mq.bench/1"}"#, "version is missing"),
            (#"{"schema":"mq.bench/1","version":null}"#, "version is null"),
            (#"{"schema":"mq.bench/1","version":1}"#, "version is not what it should be"),
            (#"{"schema":"mq.bench/1","version":-1}"#, "-1 is out of range"), ("<html>", "the page holds none"),
        ])
    func others(text: String, says: String) {
        let error = #expect(throws: TransportError.self) { try ReportJSON.decode(Array(text.utf8)) }
        #expect(error?.code == .malformed && error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test("name the path of what is wrong deep within")
    func path() throws {
        let text = String(decoding: try ReportJSON.encode(Sample.report()), as: UTF8.self)
        let broken = text.replacing(#""achievedRate":"#, with: #""achieved":"#)
        let error = #expect(throws: TransportError.self) { try ReportJSON.decode(Array(broken.utf8)) }
        #expect(error?.message == "not a report of mq bench: results[0].latency.achievedRate is missing")
    }

    @Test("with a number that JSON cannot write are not written", arguments: [Double.nan, .infinity, -.infinity])
    func unwritable(number: Double) {
        var report = Sample.report()
        report.host.loadAfter = number
        #expect(throws: TransportError.self) { try ReportJSON.encode(report) }
    }

    @Test("hold every property: one that is added is not forgotten")
    func everyProperty() throws {
        var report = Sample.search()
        report.plan.count = 5
        (report.results[0].isProcessLocal, report.results[0].failure, report.results[0].failureKind) = (true, "a", "b")
        (report.plan.window, report.results[0].isOrdered) = ("10 messages", false)
        report.results[0].throughput?.window = 10
        report.results[0].latency?.skippedRates = [5]
        let result = report.results[0]
        let throughput = try #require(result.throughput), latency = try #require(result.latency)
        var job = WorkerJob()
        (job.answers, job.rate, job.count, job.totalCount, job.window) = ("a", 1, 1, 1, 1)
        var found = WorkerResult()
        (found.objection, found.failure, found.failureKind) = ("a", "b", "c")
        let records: [any JSONRecord] = [
            report, report.host, report.plan, try #require(report.floor), result, throughput, throughput.account, throughput.producers,
            throughput.windows[0], latency, latency.response, try #require(result.search)[0], job, found, found.response,
        ]
        for record in records {
            guard case .object(let members) = record.tree else {
                Issue.record("\(record) is no object")
                continue
            }
            #expect(Set(members.map(\.key)) == Set(Mirror(reflecting: record).children.compactMap(\.label)), "\(type(of: record))")
        }
    }
}
