import MQCore

struct Wait: Verb {
    static let table = VerbTable(
        "wait", .smokeTests, .reads, "Wait until queues are there, empty, or as you want them.",
        description: [
            .text("A condition is one of these words, or a number of the queue that is compared with a value:"),
            .terms([
                ("up", "whoever keeps the queue has answered in its own protocol; an open port is not enough"),
                ("exists", "the queue is there"), ("gone", "it is not, according to whoever would keep it"),
                ("empty", "no message is in it, none is in flight, none is held back"),
                ("nonempty", "there is a message to receive"),
                ("depth inflight delayed peers age", "as in 'depth<10', inflight=0, 'peers>=2', 'age<5m'"),
                ("any name of mq stat --json", "as in paused=no, 'on_disk>1000', 'last_send<1m'"),
            ]),
            .text(
                "Every condition must hold, for every ADDRESS; they are asked at once, every few milliseconds at first, later once a second where an answer takes long. A broker that is silent, unreachable or unknown never counts as gone or empty. A queue of the kernel is up when it can be opened, nsqd when it has taken IDENTIFY (each of those that nsqlookupd names), SQS when it has answered a signed request, ZeroMQ when the other end has sent its greeting, and is of a type that fits: one connection, which its monitor sees."
            ),
            .text(
                "With a COMMAND, mq replaces itself with it once the conditions hold, and never otherwise. A wait in vain ends with status 1 and the last reason; wait4x and timeout use 124."
            ),
        ],
        operands: [
            Operand("ADDRESS", .some, .address, help: "The queues."),
            Operand("COMMAND", .optionalCommand, .command, help: "What to run when the conditions hold, and its arguments."),
        ],
        sections: [VerbTable.Section("What to wait for", [condition, timeout, stable])],
        examples: [
            VerbTable.Example("Start a worker once its broker is up:", "mq wait nsq:orders --for up --timeout 30s -- ./worker"),
            VerbTable.Example("Wait until everything is done:", "mq wait sqs:jobs --for empty --timeout 10m"),
            VerbTable.Example("Two queues, one of them filled by the other's consumer:", "mq wait posix-mq:/in posix-mq:/out --for exists"),
            VerbTable.Example("Until there are two consumers:", "mq wait nsq:orders/bill --for 'peers>=2'"),
        ],
        statuses: [78, 127], negative: "The time was up before the conditions held.")

    static let condition = Flag(
        "for", nil, .text(QueueCondition.words + QueueNumber.words.map(\.word)), "CONDITION", repeats: true,
        help: "What to wait for (repeatable: all of them).")
    static let timeout = Flag.timeout.saying("Give up after DURATION; without it, wait as long as it takes.")
    static let stable = Flag(
        "stable", nil, .integer(1...1_000_000), "K",
        help: "Ask until the conditions have held K times in a row (default: 1; on sqs, whose numbers are estimates, 2).")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var conditions: [QueueCondition] = []
        for text in words.texts(Self.condition) { conditions.append(try QueueCondition(parsing: text, words.name(Self.condition))) }
        guard !conditions.isEmpty else {
            throw TransportError(.usage, "nothing to wait for", hint: "--for up, --for empty, --for 'depth<10'")
        }
        var watches: [QueueWatch] = []
        for text in words.words("ADDRESS") {
            let resolved = try ResolvedAddress(text, options: words.texts(.option))
            if conditions.contains(where: \.needsStatus) {
                try resolved.require(.admin, for: "tell what is in a queue", instead: "--for up")
            }
            watches.append(QueueWatch(address: resolved, conditions: conditions, readings: words.integer(Self.stable)))
        }
        let successor = try Successor(words.words("COMMAND"))
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "waited", drawsProgress: false))
        let start = Deadline.now()
        let open = try QueueWatches(watches).run(until: .after(words.duration(Self.timeout)), stop: stop, console: console)
        if let number = stop.reason?.signal { return .signal(number) }
        guard open.isEmpty else {
            let time = Quantity.words(.milliseconds(Int((Deadline.now() - start) / 1_000_000)))
            return .negative(
                "after \(time): " + open.map { watches.count == 1 ? $0.reason : "\($0.address): \($0.reason)" }.joined(separator: "; "))
        }
        guard let successor else { return .success }
        throw successor.replaceThisProcess()
    }
}
