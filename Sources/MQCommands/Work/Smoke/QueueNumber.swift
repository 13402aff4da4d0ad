import MQCore

/// A number of a queue as it is compared: `depth<10`, `inflight=0`, `age<5m`.
struct QueueNumber: Sendable, Equatable {
    /// Short words, and the keys of facts they stand for: the sum of those that a transport has.
    static let words: [(word: String, keys: [String])] = [
        ("depth", ["messages", "channel_messages"]), ("inflight", ["in_flight"]), ("delayed", ["delayed", "deferred"]),
        ("peers", ["clients", "senders"]), ("age", ["oldest"]),
    ]

    private static let truths = ["yes": true, "true": true, "no": false, "false": false]

    let name: String
    let comparison: Relation
    let text: String
    private let number: Double?
    private let duration: Duration?

    /// - Parameter flag: as it was typed.
    /// - Throws: `usage` with the place of what is wrong.
    init(parsing condition: String, _ flag: String) throws(TransportError) {
        guard let parts = Relation.divide(condition) else {
            let near = Suggestion.nearest(to: condition, in: QueueCondition.words)
            throw TransportError(
                .usage, "\(flag) '\(condition)' is not a condition",
                hint: near.map { "did you mean \($0)?" }
                    ?? "\(QueueCondition.words.joined(separator: ", ")), or a number: 'depth<10', 'age<5m'")
        }
        (name, comparison, text) = (parts.left, parts.comparison, parts.right)
        number = Quantity.bytes(text).map(Double.init) ?? Double(text).flatMap { $0.isFinite ? $0 : nil }
        duration = Quantity.duration(text)
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            }
        guard isName else {
            throw Self.failure(flag, condition, at: 0, "'\(name)' is not the name of a number", "'depth<10', 'inflight=0'")
        }
        let place = condition.unicodeScalars.count - text.unicodeScalars.count
        if text.isEmpty {
            throw Self.failure(flag, condition, at: place, "a value is missing", "'\(name)\(comparison.rawValue)10'")
        }
        if number == nil && duration == nil && comparison.isOfNumbers {
            throw Self.failure(flag, condition, at: place, "'\(text)' is not a number, a size or a duration", "10, 64k, 5m")
        }
    }

    private static func failure(
        _ flag: String, _ condition: String, at place: Int, _ words: String, _ hint: String
    ) -> TransportError {
        TransportError(.usage, "\(flag) '\(condition)', character \(place + 1): \(words)", hint: hint)
    }

    /// What was found, and whether it fits.
    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `usage` when the queue has no such number, or it cannot be compared with this value.
    func look(at status: QueueStatus, now: Int64) throws(TransportError) -> (found: String, holds: Bool) {
        let keys = Self.words.first { $0.word == name }?.keys ?? [name]
        let facts = status.facts.filter { keys.contains($0.key) }
        guard let first = facts.first else { throw unknown(status) }
        switch first.value {
        case .number, .counter, .identifier, .bytes, .mode:
            guard let number else { throw mismatch("a number, not '\(text)'") }
            let sum = facts.reduce(0) { $0 &+ ($1.value.integer ?? 0) }
            return ("\(name) is \(sum)", comparison.holds(Double(sum), number))
        case .time(let time):
            guard let duration else { throw mismatch("a duration, not '\(text)'") }
            guard time > 0 else { return ("\(name) is never", false) }
            let age = Duration.nanoseconds(max(0, now - time))
            let (left, right) = (Double(age.nanoseconds), Double(duration.nanoseconds))
            return ("\(name) is \(Quantity.words(age))", comparison.holds(left, right))
        case .flag(let flag):
            guard let wanted = Self.truths[text], !comparison.isOfNumbers else { throw mismatch("yes or no") }
            return ("\(name) is \(flag ? "yes" : "no")", (flag == wanted) == (comparison == .equal))
        case .text(let found):
            guard !comparison.isOfNumbers else { throw mismatch("a word, which is equal or not") }
            return ("\(name) is \(found)", (found == text) == (comparison == .equal))
        }
    }

    /// A number by its short word, or the age of a time in seconds; `nil` where the queue has none.
    static func value(of name: String, in status: QueueStatus, now: Int64) -> (number: Double, words: String, isTime: Bool)? {
        let keys = words.first { $0.word == name }?.keys ?? [name]
        let facts = status.facts.filter { keys.contains($0.key) }
        guard let first = facts.first else { return nil }
        if case .time(let time) = first.value {
            guard time > 0 else { return nil }
            let age = Duration.nanoseconds(max(0, now - time))
            return (Double(age.nanoseconds) / 1e9, Quantity.words(age), true)
        }
        let sum = facts.reduce(0) { $0 &+ ($1.value.integer ?? 0) }
        return first.value.integer == nil ? nil : (Double(sum), "\(Quantity.grouped(sum))", false)
    }

    private func mismatch(_ words: String) -> TransportError { TransportError(.usage, "\(name) is \(words)") }

    private func unknown(_ status: QueueStatus) -> TransportError {
        let known = status.facts.map(\.key)
        let short = Self.words.filter { !Set($0.keys).isDisjoint(with: known) }.map(\.word)
        let near = Suggestion.nearest(to: name, in: short + known)
        return TransportError(
            .usage, "this queue has no number '\(name)'",
            hint: near.map { "did you mean \($0)?" } ?? "there are \((short + known).joined(separator: ", "))")
    }
}

extension Fact.Value {
    /// A count, whatever it counts.
    var integer: Int? {
        switch self {
        case .number(let number), .counter(let number), .identifier(let number), .bytes(let number), .mode(let number): number
        case .text, .time, .flag: nil
        }
    }
}
