import MQCore

struct Create: Verb {
    static let table = VerbTable(
        "create", .queues, .changes, "Create a queue.",
        description: [.text("The options of the address say what the queue is like; mq transports NAME lists them.")],
        operands: [.queue],
        sections: [VerbTable.Section("Creating", [ifMissing])],
        examples: [
            VerbTable.Example(
                "A queue for 10 messages of up to 1 KiB that its group may use:",
                "mq create posix-mq:/jobs,maxmsg=10,msgsize=1k,mode=0660"),
            VerbTable.Example("In a script that may run twice:", "mq create posix-mq:/jobs --if-missing"),
        ],
        statuses: [69, 73, 76, 77, 78])

    static let ifMissing = Flag("if-missing", help: "Succeed if the queue already exists.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let made = try Administration.open(words, console).create(exclusive: !words.has(Self.ifMissing))
        console.detail(made ? "created" : "exists already")
        return .success
    }
}
