import ArgumentParser
import MQCore

/// The root of the command.
struct MQ: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mq",
        abstract: "One command for message queues.",
        discussion: "Send, receive and look after messages in \(Registry.descriptors.map(\.name).joined(separator: ", ")) queues.",
        version: Program.version,
        subcommands: [
            Send.self, Recv.self, List.self, Stat.self, Create.self, Delete.self, Purge.self, Transports.self, Explain.self, Completion.self, CompleteWord.self, Generate.self,
        ])
}
