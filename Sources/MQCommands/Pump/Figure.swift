/// A number that tells how a work is doing.
struct Figure: Sendable {
    enum Kind: Sendable {
        /// What became of messages.
        case result
        /// Messages that are in this state just now.
        case state
        /// What happened, and what that means.
        case event(String)
    }

    /// For people: `leases lost`.
    let words: String
    let value: Int
    let kind: Kind

    init(_ words: String, _ value: Int, _ kind: Kind = .result) { (self.words, self.value, self.kind) = (words, value, kind) }

    /// For programs: `leases_lost`.
    var name: String { String(words.map { $0.isLetter ? $0 : "_" }) }
}
