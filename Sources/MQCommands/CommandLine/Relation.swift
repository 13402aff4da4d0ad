/// A sign between two values: `depth<10`.
enum Relation: String, CaseIterable, Sendable {
    // Those of two characters first: they begin with those of one.
    case unequal = "!="
    case atMost = "<="
    case atLeast = ">="
    case equal = "="
    case below = "<"
    case above = ">"

    /// Whether only numbers can be compared by it.
    var isOfNumbers: Bool { self != .equal && self != .unequal }

    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .unequal: left != right
        case .atMost: left <= right
        case .atLeast: left >= right
        case .equal: left == right
        case .below: left < right
        case .above: left > right
        }
    }

    /// Takes `text` apart at its first sign; `nil` without one.
    static func divide(_ text: String) -> (left: String, comparison: Relation, right: String)? {
        let signs = "!<>=".utf8
        guard let place = text.utf8.firstIndex(where: { signs.contains($0) }),
            let comparison = allCases.first(where: { text.utf8[place...].starts(with: $0.rawValue.utf8) })
        else { return nil }
        let behind = text.utf8.index(place, offsetBy: comparison.rawValue.utf8.count)
        return (String(text[..<place]), comparison, String(text[behind...]))
    }
}
