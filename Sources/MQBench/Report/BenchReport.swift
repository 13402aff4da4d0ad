/// The result of one run of `mq bench`, as it is saved: seconds, counts and bytes, no formatted text.
///
/// `Schemas/bench-1.json` describes the JSON; a test validates what is written against it.
public struct BenchReport: Sendable, Equatable {
    /// The value of `schema` in its JSON.
    public static let schemaName = "mq.bench/1"

    /// Tells a reader of the JSON what it has before it.
    public var schema = BenchReport.schemaName
    /// The version of mq that measured.
    public var version = ""
    /// What the person called it (`--label`).
    public var label: String?
    /// RFC 3339, UTC.
    public var startedAt = ""
    /// The machine that it was measured on.
    public var host = Host()
    /// What was asked for.
    public var plan = BenchPlan()
    /// What the harness itself costs: the same plan over `mem:`. No figure below it means anything.
    public var floor: Floor?
    /// One for each address and size, in the order asked for.
    public var results: [BenchResult] = []
    /// Sentences about the run as a whole (a busy machine).
    public var warnings: [String] = []
}

extension BenchReport: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("schema", &schema)
        fields.field("version", &version)
        fields.field("label", &label)
        fields.field("startedAt", &startedAt)
        fields.field("host", &host)
        fields.field("plan", &plan)
        fields.field("floor", &floor)
        fields.field("results", &results)
        fields.field("warnings", &warnings)
    }
}
