import MQCore

struct Unpause: Verb {
    static let table = VerbTable(
        "unpause", .queues, .changes, "Let the messages of a paused queue through again.",
        operands: [.queue],
        sections: [VerbTable.Section("Where", [.node])],
        examples: [VerbTable.Example("A topic, with all its channels:", "mq unpause nsq:orders")],
        statuses: ExitStatus.ofQueues)

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending { try Administration.pause(false, words, console) }
}
