import MQCore

/// The parser's words as one sentence.
enum UsageError {
    static func sentence(of message: String) -> TransportError {
        let lines = message.split(separator: "\n").map { String($0) }
        let text = lines.joined(separator: " ").trimmed(".")
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
