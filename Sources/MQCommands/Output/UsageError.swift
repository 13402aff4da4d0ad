import MQCore

/// The parser's words as one sentence.
enum UsageError {
    static func sentence(of message: String) -> TransportError {
        let lines = message.split(separator: "\n").map { String($0) }
        let text = lines.joined(separator: " ").trimmed(".")
        let verb = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") }
        let isVerb = MQ.configuration.subcommands.contains { $0.configuration.commandName == verb }
        return TransportError(.usage, text.prefix(1).lowercased() + text.dropFirst(), hint: isVerb ? "mq \(verb!) --help" : "mq --help")
    }
}

extension String {
    fileprivate func trimmed(_ character: Character) -> String {
        hasSuffix(String(character)) ? String(dropLast()) : self
    }
}
