import ArgumentParser
import MQCore

/// The root of the command.
struct MQ: ParsableCommand {
    /// The verbs by name, in the order of the help. Beside the type stands the name, since asking every type for its
    /// configuration takes longer than sending a message.
    static let verbs: [(name: String, type: any ParsableCommand.Type)] = [
        ("send", Send.self),
        ("recv", Recv.self),
        ("bench", Bench.self),
        ("list", List.self),
        ("stat", Stat.self),
        ("create", Create.self),
        ("delete", Delete.self),
        ("purge", Purge.self),
        ("pause", Pause.self),
        ("unpause", Unpause.self),
        ("redrive", RedriveVerb.self),
        ("transports", Transports.self),
        ("explain", Explain.self),
        ("completion", Completion.self),
        ("__bench-worker", BenchWorker.self),
        ("__complete", CompleteWord.self),
        ("__generate", Generate.self),
    ]

    /// What is done with saved benchmarks: the second word of `mq bench compare`. No address is one of these words.
    static let benchVerbs: [(name: String, type: any ParsableCommand.Type)] = [
        ("compare", BenchCompare.self),
        ("report", BenchPage.self),
    ]

    static let configuration = CommandConfiguration(
        commandName: "mq",
        abstract: "One command for message queues.",
        discussion: """
              mq send posix-mq:/jobs --create < jobs.txt     each line is a message
              mq recv posix-mq:/jobs -n 10                   each message is a line
              mq recv zmq:pull:@tcp://:5555 -J | jq .body

            An address is SCHEME:TARGET,OPTION=VALUE,...; the schemes of this build are
            \(Registry.descriptors.flatMap(\.schemes).map { $0 + ":" }.joined(separator: " ")). See mq transports NAME.
            The manual: man mq, man mq-contract, man mq-transports.
            """,
        version: Program.version,
        subcommands: verbs.map(\.type))
}
