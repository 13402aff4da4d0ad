import MQCore

/// Keys of JSON records that mean nothing to a message. Each is named once: a misspelt one would be lost without a word.
struct UnknownKeys {
    /// More of them are no slip of a person.
    private static let most = 8

    private var named: Set<String> = []
    private var sentences: [String] = []

    mutating func note(_ key: String, of record: String) {
        guard named.count < Self.most, named.insert(key).inserted else { return }
        let near = Suggestion.nearest(to: key, in: Envelope.keys)
        sentences.append(
            "\(record) has \"\(key.printable)\", which is not a key of a message: ignored"
                + (near.map { " (did you mean \"\($0)\"?)" } ?? ""))
    }

    /// What is to be said and was not yet.
    mutating func take() -> [String] {
        defer { sentences = [] }
        return sentences
    }
}
