import MQCore

struct With: Verb {
    static let table = VerbTable(
        "with", .smokeTests, .changes, "Run a command with queues of its own.",
        description: [
            .text(
                "Makes a private queue for each ADDRESS, runs the command, removes them whatever happens, and ends with the command's status. An ADDRESS is a scheme, with hosts and options where they are needed: posix-mq:, sysv:, zmq:, nsq:, sqs: or sqs:.fifo; mock:sqs and mock:nsq bring the broker along (mq mock)."
            ),
            .text("The command's environment says where they are; with several, MQ1, MQ2, ... have the same for each:"),
            .terms([
                ("MQ", "the address, for mq send and mq recv"),
                ("MQ_RECV", "the address for mq recv: for zmq, the end that binds; otherwise the same"),
                ("MQ_QUEUE", "the name of the queue in it"),
                ("AWS_ENDPOINT_URL_SQS AWS_REGION ...", "for clients of SQS, with keys that mean nothing where it is a mock"),
                ("NSQD_TCP NSQD_HTTP MQ_NSQ NSQLOOKUPD_HTTP", "for clients of NSQ"),
            ]),
            .text(
                "What a kill -9 leaves behind the next run removes when it ends. The names of queues say which process made them, on which host, and since when."
            ),
        ],
        operands: [
            Operand(
                "ADDRESS", .some, .text(["posix-mq:", "sysv:", "zmq:", "nsq:", "sqs:", "sqs:.fifo", "mock:sqs", "mock:nsq"]),
                help: "A scheme, for each queue."),
            Operand("COMMAND", .command, .command, help: "The command and its arguments."),
        ],
        sections: [],
        examples: [
            VerbTable.Example(
                "A test that leaves nothing behind:", "mq with posix-mq: -- sh -c 'mq send $MQ hi && mq expect $MQ --eq hi'"),
            VerbTable.Example("The tests of a program that uses SQS, without SQS:", "mq with mock:sqs -- pytest"),
            VerbTable.Example("Two queues:", "mq with sysv: nsq: -- ./forward.sh"),
        ],
        statuses: [73, 78, 127])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        guard let command = try Successor(words.words("COMMAND"))?.command else { return .success }
        let (stop, hurry) = (StopFlag(), StopFlag())
        var configuration = ProcessMonitor.Configuration(
            stop: stop, console: console, counters: Counters(), verb: "ran", drawsProgress: false)
        configuration.hurry = hurry
        ProcessMonitor.start(configuration)
        let queues = LentQueues()
        defer {
            queues.remove()
            QueueOwner.cleanUp { LentQueues.remove($0) }
        }
        for text in words.words("ADDRESS") {
            try queues.make(text, words.texts(.option), stop: stop)
            if let number = stop.reason?.signal { return .signal(number) }
        }
        return try WrappedCommand.run(Self.command(command, queues.queues), stop: stop, hurry: hurry)
    }

    /// The command, with what tells it of the queues.
    private static func command(_ plain: ChildCommand, _ queues: [LentQueues.Queue]) -> ChildCommand {
        var command = plain
        for (index, queue) in queues.enumerated() {
            for prefix in index == 0 ? ["MQ", "MQ1"] : ["MQ\(index + 1)"] {
                command.variables += [
                    (prefix, queue.address.rawBytes), ("\(prefix)_RECV", queue.receiving.rawBytes),
                    ("\(prefix)_QUEUE", queue.name.rawBytes),
                ]
            }
            // Of two that say the same, the first counts.
            for (name, value) in queue.variables where !command.variables.contains(where: { $0.name == name }) {
                command.variables.append((name, value.rawBytes))
            }
        }
        return command
    }
}
