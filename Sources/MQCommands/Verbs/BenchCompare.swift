import MQBench
import MQCore

struct BenchCompare: Verb {
    static let table = VerbTable(
        "bench compare", .measuring, .reads, "Compare two saved runs.",
        description: [
            .text(
                "Each change is shown with its interval: what lies within it is noise. The runs must be of the same plan and host. With --fail-on, the status is 1 when a condition is met."
            )
        ],
        operands: [
            Operand("OLD", .one, .file, help: "The run before: a file of --json or --html, or a name of --save."),
            Operand("NEW", .one, .file, help: "The run to compare with it."),
        ],
        sections: [VerbTable.Section("Comparing", [failOn, force, .json])],
        examples: [
            VerbTable.Example(
                "Has a change made it slower?", "mq bench posix-mq:temp --save before", "mq bench posix-mq:temp --save after",
                "mq bench compare before after --fail-on 'p99>+10%'"),
            VerbTable.Example(
                "Fail when throughput drops or a message is lost:",
                "mq bench compare before after --fail-on 'throughput<-5%' --fail-on 'lost>0'"),
        ],
        negative: "A condition of --fail-on is met.")

    static let failOn = Flag(
        "fail-on", nil, .text(), "CONDITION", repeats: true, help: "Fail when this holds, such as 'p99>+10%' or 'lost>0' (repeatable).")
    static let force = Flag("force", help: "Compare runs of different plans or hosts all the same.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let conditions = try words.texts(Self.failOn).map { text throws(TransportError) in try FailCondition(text) }
        let comparison = try Comparison(
            old: try Self.single(words.word("OLD")!), new: try Self.single(words.word("NEW")!), conditions: conditions,
            isForced: words.has(Self.force))
        try Results.print(words.has(.json) ? String(decoding: try comparison.json(), as: UTF8.self) : comparison.text)
        return comparison.hasFailed ? .negative("a condition of --fail-on is met") : .success
    }

    private static func single(_ name: String) throws(TransportError) -> BenchReport {
        let reports = try SavedRuns.load(name)
        guard reports.count == 1 else {
            throw TransportError(.usage, "\(name) holds \(Quantity.count(reports.count, "run")), and one is compared with one")
        }
        return reports[0]
    }
}
