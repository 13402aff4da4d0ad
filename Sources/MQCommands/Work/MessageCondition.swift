import MQCore

/// What `--where` says of a message: `attr.kind=order`, `size>1000`.
struct MessageCondition: Sendable {
    enum Subject: Equatable, Sendable {
        case attribute(String)
        case id, group, dedup, priority, type, attempts, size
    }

    /// The words of help.
    static let subjects = ["attr.NAME", "id", "group", "dedup", "priority", "type", "attempts", "size"]

    let subject: Subject
    let comparison: Relation
    let value: String
    private let number: Double?

    /// - Throws: `usage`.
    init(parsing text: String) throws(TransportError) {
        guard let parts = Relation.divide(text) else {
            throw TransportError(.usage, "--where '\(text)' compares nothing", hint: "--where attr.kind=order, --where 'size>1000'")
        }
        (comparison, value) = (parts.comparison, parts.right)
        subject = try Self.subject(parts.left)
        number = Double(value)
        if comparison.isOfNumbers && number == nil {
            throw TransportError(.usage, "--where '\(text)': '\(value)' is not a number")
        }
    }

    private static func subject(_ name: String) throws(TransportError) -> Subject {
        switch name {
        case "id": return .id
        case "group": return .group
        case "dedup": return .dedup
        case "priority": return .priority
        case "type": return .type
        case "attempts": return .attempts
        case "size": return .size
        default:
            if name.hasPrefix("attr."), name != "attr." { return .attribute(String(name.dropFirst("attr.".count))) }
            let near = Suggestion.nearest(to: name, in: subjects)
            throw TransportError(
                .usage, "--where cannot look at '\(name)'",
                hint: (near.map { "did you mean \($0)? " } ?? "") + "one of \(subjects.joined(separator: ", "))")
        }
    }

    var needsProperties: Bool { subject != .size }

    func holds(_ batch: borrowing Batch, _ index: Int) -> Bool {
        let text = text(of: batch, index)
        switch comparison {
        case .equal: return text == value
        case .unequal: return text != value
        case .atMost, .atLeast, .below, .above:
            guard let left = text.flatMap({ Double($0) }), let right = number else { return false }
            return comparison.holds(left, right)
        }
    }

    private func text(of batch: borrowing Batch, _ index: Int) -> String? {
        if subject == .size { return "\(batch.size(of: index))" }
        let properties = batch.properties(of: index)
        return switch subject {
        case .attribute(let name): properties.attributes.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
        case .id: properties.id
        case .group: properties.group
        case .dedup: properties.dedup
        case .priority: properties.priority.map { "\($0)" }
        case .type: properties.type.map { "\($0)" }
        case .attempts: properties.attempts.map { "\($0)" }
        case .size: nil
        }
    }
}
