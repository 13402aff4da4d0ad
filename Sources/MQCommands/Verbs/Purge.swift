import MQCore

struct Purge: Verb {
    static let table = VerbTable(
        "purge", .queues, .changes, "Remove every message from a queue, and print how many there were.",
        operands: [.queue],
        sections: [VerbTable.Section("Where", [.node])],
        examples: [VerbTable.Example("Empty a queue and keep it:", "mq purge posix-mq:/jobs")],
        statuses: ExitStatus.ofQueues)

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let count = try Administration.open(words, console).purge()
        try Results.print("\(count)\n")
        return .success
    }
}
