/// A rate that `--rate find` tried.
public struct SearchStep: Sendable, Equatable {
    /// Messages per second.
    public var rate = 0.0
    /// The percentile of the objective, in seconds.
    public var value = 0.0
    /// Whether the objective held.
    public var isMet = false
}

extension SearchStep: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("rate", &rate)
        fields.field("value", &value)
        fields.field("isMet", &isMet)
    }
}
