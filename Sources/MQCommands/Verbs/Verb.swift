import MQCore

/// A verb: its table, and what it does. To add one, write its file and put its type into `Verbs.all`.
protocol Verb: Sendable {
    static var table: VerbTable { get }
    var words: Arguments { get }
    init(_ words: Arguments)
    func perform(_ console: Console) throws(TransportError) -> Ending
}

extension RemedyWords {
    /// The words of a verb, whose flags its table knows.
    static func of(_ verb: any Verb.Type) -> RemedyWords {
        let table = verb.table
        return RemedyWords(verb: table.name) { flag in table.flags.contains { $0.names.contains(flag) } }
    }
}
