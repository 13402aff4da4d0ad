import Glibc
import MQBench
import MQCore

struct BenchPage: Verb {
    static let table = VerbTable(
        "bench report", .measuring, .reads, "Show saved runs, on the terminal or as a page.",
        description: [.text("Several runs stand side by side on one page, by their labels. Without an output the runs are printed.")],
        operands: [Operand("FILE", .some, .file, help: "A file of --json or --html, or a name of --save.")],
        sections: [VerbTable.Section("Output", [html, BenchOutputs.md, BenchOutputs.csv])],
        examples: [
            VerbTable.Example("A saved run, on the terminal:", "mq bench report before"),
            VerbTable.Example("Two runs on one page:", "mq bench report before after --html both.html"),
        ])

    static let html = BenchOutputs.html.saying("Write one page with all runs to FILE.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var reports: [BenchReport] = []
        for file in words.words("FILE") { reports += try SavedRuns.load(file) }
        let (html, md, csv) = (words.text(Self.html), words.text(BenchOutputs.md), words.text(BenchOutputs.csv))
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
