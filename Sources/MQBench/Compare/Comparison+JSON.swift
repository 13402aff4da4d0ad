extension Comparison: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("schema", &schema)
        fields.field("old", &old)
        fields.field("new", &new)
        fields.field("differences", &differences)
        fields.field("pairs", &pairs)
        fields.field("unpaired", &unpaired)
        fields.field("outcomes", &outcomes)
    }
}

extension Comparison.Side: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("label", &label)
        fields.field("startedAt", &startedAt)
        fields.field("version", &version)
        fields.field("fingerprint", &fingerprint)
    }
}

extension Comparison.Pair: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("name", &name)
        fields.field("size", &size)
        fields.field("changes", &changes)
        fields.field("notes", &notes)
    }
}

extension Comparison.Change: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("metric", &metric)
        fields.field("old", &old)
        fields.field("new", &new)
        fields.field("change", &change)
        fields.field("low", &low)
        fields.field("high", &high)
        fields.field("verdict", &verdict)
    }
}

extension Comparison.Outcome: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("condition", &condition)
        fields.field("failures", &failures)
    }
}

extension Comparison.Verdict: JSONForm {}

extension Metric: JSONForm {}
