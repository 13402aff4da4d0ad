import MQCore

/// The parser's words as one sentence.
enum UsageError {
    static func sentence(of message: String) -> TransportError {
        // Further lines are other ways in which the parser tried to understand it.
        let text = String(message.split(separator: "\n").first ?? "").trimmed(".")
        let word = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") }
        let verb = MQ.verbs.first { $0.name == word }?.name
        return TransportError(.usage, text.prefix(1).lowercased() + text.dropFirst(), hint: verb.map { "mq \($0) --help" } ?? "mq --help")
    }
}

extension String {
    fileprivate func trimmed(_ character: Character) -> String {
        hasSuffix(String(character)) ? String(dropLast()) : self
    }
}
