import MQCore

/// Which messages were refused: a person reads the names of the first ten and a number, a program all names.
struct RefusalNames {
    static let most = 10

    let namesAll: Bool
    private var named = 0
    private var kept: [(position: Int, error: TransportError)] = []

    init(namesAll: Bool) { self.namesAll = namesAll }

    /// Whether one more is to be named at once.
    mutating func isNext() -> Bool {
        named += 1
        return namesAll || named <= Self.most
    }

    /// Keeps a refusal for the end.
    mutating func keep(_ verdict: Verdict) {
        if case .refused(let error) = verdict.fate { kept.append((verdict.positions.lowerBound, error)) }
    }

    /// Takes out the lowest.
    mutating func takeFirst() -> (position: Int, error: TransportError)? {
        kept.sort { $0.position < $1.position }
        guard !kept.isEmpty else { return nil }
        named = 1
        return kept.removeFirst()
    }

    /// Those kept, in the order of the input.
    mutating func sentences(_ sentence: (_ position: Int, _ error: TransportError) -> String) -> [String] {
        kept.sort { $0.position < $1.position }
        let shown = namesAll ? kept.count : min(kept.count, max(0, Self.most - named))
        var result = kept.prefix(shown).map { sentence($0.position, $0.error) }
        if kept.count > shown { result.append("\(Quantity.count(kept.count - shown, "more message")) refused") }
        return result
    }
}
