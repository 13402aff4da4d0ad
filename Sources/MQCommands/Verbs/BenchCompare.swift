import ArgumentParser
import Glibc
import MQBench
import MQCore

struct BenchCompare: Verb {
    static let configuration = CommandConfiguration(
        commandName: "compare", _superCommandName: "mq bench",
        abstract: "Compare two saved runs.",
        usage: "mq bench compare <old> <new> [<option> ...]",
        discussion: """
            Each change is shown with its interval: what lies within it is noise. The runs must be of the same plan and host. With \
            --fail-on the status is 1 when a condition is met: --fail-on 'p99>+10%' --fail-on 'throughput<-5%'
            """)

    @Argument(help: ArgumentHelp("The run before: a file of --json or --html, or a name of --save.", valueName: "old"))
    var old: String

    @Argument(help: ArgumentHelp("The run now.", valueName: "new"))
    var new: String

    @Option(help: ArgumentHelp("Fail when this is so, such as 'p99>+10%' or 'lost>0'.", valueName: "condition"))
    var failOn: [String] = []

    @Flag(help: "Compare runs of different plans or hosts all the same.")
    var force = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let conditions = try failOn.map { text throws(TransportError) in try FailCondition(text) }
        let comparison = try Comparison(
            old: try Self.single(old), new: try Self.single(new), conditions: conditions, isForced: force)
        try Results.print(json ? String(decoding: try comparison.json(), as: UTF8.self) : comparison.text)
        return comparison.hasFailed ? .negative("a condition of --fail-on is met") : .success
    }

    private static func single(_ name: String) throws(TransportError) -> BenchReport {
        let reports = try SavedRuns.load(name)
        guard reports.count == 1 else { throw TransportError(.usage, "\(name) holds \(reports.count) runs, and one is compared with one") }
        return reports[0]
    }
}

struct BenchPage: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report", _superCommandName: "mq bench",
        abstract: "Show saved runs, on the terminal or as a page.",
        usage: "mq bench report <file> ... [--html <file>]",
        discussion: "Several runs stand side by side on one page, by their labels. Without an output the runs are printed.")

    @Argument(help: ArgumentHelp("Files of --json or --html, or names of --save.", valueName: "file"))
    var files: [String]

    @Option(help: ArgumentHelp("Write one page with all runs.", valueName: "file"), completion: .file())
    var html: String?

    @Option(help: ArgumentHelp("Write tables in Markdown.", valueName: "file"), completion: .file())
    var md: String?

    @Option(help: ArgumentHelp("Write a row for each result and phase.", valueName: "file"), completion: .file())
    var csv: String?

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var reports: [BenchReport] = []
        for file in files { reports += try SavedRuns.load(file) }
        if let html { try LocalFile.write(Array(try ReportHTML.page(reports).utf8), to: html) }
        if let md { try LocalFile.write(Array(ReportMarkdown.text(reports).utf8), to: md) }
        if let csv { try LocalFile.write(Array(ReportCSV.text(reports).utf8), to: csv) }
        if html == nil && md == nil && csv == nil {
            let isTerminal = isatty(STDOUT_FILENO) == 1
            try Results.print(reports.map { ReportText.text($0, isTerminal: isTerminal) }.joined(separator: "\n"))
        }
        return .success
    }
}
