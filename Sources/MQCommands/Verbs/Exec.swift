import MQCore

struct Exec: Verb {
    static let table = VerbTable(
        "exec", .work, .changes, "Run a command for each message.",
        description: [
            .text(
                "The message is the command's standard input; a command that does not read it has not failed. The command's exit status decides what becomes of the message:"
            ),
            .terms([
                ("0", "it is done, and acknowledged"), ("65", "it is given up: --dead-letter has it, or it is dropped"),
                ("75, any other status, a signal", "it is tried again, after a delay that grows with its attempts (--backoff)"),
            ]),
            .text(
                "A command that cannot be started ends mq exec with status 2, and so do five runs in a row that end with 126 or 127, which is what a shell says of a command that it cannot start. No more messages are taken than commands run at once, and no other receiver gets a message while its command runs."
            ),
            .text("The command's environment is that of mq, and these:"),
            .terms([
                ("MQ_ADDRESS MQ_QUEUE", "the address, and the name of the queue in it"), ("MQ_ID", "the broker's name of the message"),
                ("MQ_ATTEMPT", "1 at first"), ("MQ_TIMESTAMP", "when the queue took it, RFC 3339"),
                ("MQ_PRIORITY MQ_TYPE MQ_GROUP", "where the transport has them"),
                ("MQ_ATTR_NAME", "an attribute: upper case, with _ for all but letters and digits"),
                ("TRACEPARENT TRACESTATE BAGGAGE", "attributes of these names"),
                ("MQ_SLOT", "1 to N of --jobs; two commands that run at once have different ones"), ("MQ_NUMBER", "counts runs from 1"),
            ]),
            .text(
                "With --coprocess, one command for each job slot lives on. It reads records (--framing) and answers each with one line: ok, retry, retry DURATION, reject, or reject REASON. One that ends, or says anything else, has failed at the record it was given."
            ),
            .text(
                "Asked to end by a signal, mq exec takes no more messages and waits for the commands that run (--grace); asked again, it ends them, and their messages go back. What a kill -9 of mq exec loses is what runs and what is held (--hold), and only where the transport does not acknowledge."
            ),
        ],
        operands: [
            Operand("ADDRESS", .one, .address, help: "Where from: posix-mq:/name, nsq:topic/channel, sqs:name, ..."),
            Operand("COMMAND", .command, .command, help: "The command and its arguments; no shell interprets them."),
        ],
        sections: [
            VerbTable.Section("The command", [jobs, timeout, killAfter, on, halt, metaFd]),
            VerbTable.Section("Several messages", [batch, coprocess, .framing, .nul, .whole, .jsonl]),
            .taking, .failing,
            VerbTable.Section("Output", [group, tag, joblog]),
            .running, .opening,
        ],
        examples: [
            VerbTable.Example("Four at once, each for a minute at most:", "mq exec nsq:orders/bill -j 4 --timeout 1m -- ./bill"),
            VerbTable.Example(
                "Only what is there; what fails five times goes elsewhere:",
                "mq exec sqs:jobs --drain --max-attempts 5 --dead-letter sqs:dead -- ./job"),
            VerbTable.Example(
                "A line of shell that uses an attribute of the message:",
                "mq exec sqs:mails -- sh -c 'sendmail -f \"$MQ_ATTR_SENDER\" ops@example.com'"),
            VerbTable.Example("A hundred messages per run, as JSON lines:", "mq exec nsq:clicks/load --batch 100 -J -- ./load"),
        ],
        statuses: [66, 69, 74, 75, 76, 77, 78],
        negative: "Fewer messages were done than -n asked for.")

    static let jobs = Flag("jobs", "j", .integer(1...10_000), standard: "1", help: "Run up to N commands at once.")
    static let timeout = Flag(
        "timeout", nil, .duration(.milliseconds(1) ... .seconds(1 << 40)),
        help: "End a command that runs longer than DURATION; the attempt has failed.")
    static let killAfter = Flag(
        "kill-after", nil, .duration(), standard: "10s",
        help: "Kill a command that was asked to end (SIGTERM) and has not, with all that it has started, after DURATION.")
    static let on = Flag(
        "on", nil, .text(["0=", "75=", "1-255="]), "STATUS=VERDICT", repeats: true,
        help: "What a status means: ok, retry, reject or stop, as in 3=reject, 10-19=ok or 4,6=stop (repeatable).")
    static let halt = Flag(
        "halt", nil, .text(["fail="]), "fail=N", help: "Take no more messages after N failed attempts, or with fail=20% of them failed.")
    static let metaFd = Flag(
        "meta-fd", nil, .integer(3...Int(CInt.max)),
        help: "Give the command all properties of the message on descriptor N, as one JSON object.")
    static let batch = Flag(
        "batch", nil, .integer(1...1_000_000), standard: "1",
        help: "Give a run up to N messages at once, as records (--framing); they share its verdict.")
    static let coprocess = Flag(
        "coprocess", help: "Start a command once for each job slot; it answers each record with a line: ok, retry or reject.")
    static let group = Flag("group", help: "Show the output of a command when it has ended.")
    static let tag = Flag("tag", help: "Put the id of the message in front of each line of output.")
    static let joblog = Flag("joblog", nil, .file, help: "Append a line about each run to FILE, with tabs between its fields.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let command = words.words("COMMAND")
        let (path, rules) = (
            try CommandPath.find(command[0]), try VerdictRules(parsing: words.texts(Self.on), codes: 0...255, what: "an exit status")
        )
        try check()
        let (framing, halt) = (
            try framing(), try words.text(Self.halt).map { text throws(TransportError) in try HaltRule(parsing: text) }
        )
        let workPlan = try WorkPlan(words)
        let address = workPlan.address.address
        var plan = ExecPlan(
            words: command.map(\.rawBytes), path: path, address: address.short, queue: address.queueName,
            mayHaveFrames: workPlan.address.descriptor.capabilities.contains(.frames), rules: rules, halt: halt, framing: framing)
        plan.slots = words.integer(Self.jobs) ?? 1
        plan.timeout = words.duration(Self.timeout)
        plan.killAfter = words.duration(Self.killAfter) ?? plan.killAfter
        plan.batch = words.integer(Self.batch) ?? 1
        plan.metaDescriptor = words.integer(Self.metaFd).map { CInt($0) }
        plan.tags = words.has(Self.tag)
        if words.has(Self.group) {
            plan.outputFolder = TemporaryFile.folder
            // Found now rather than when the first message is taken.
            _ = try TemporaryFile.make(in: TemporaryFile.folder)
        }
        plan.keepsErrors = workPlan.deadLetters?.address != nil
        plan.jobLog = try words.text(Self.joblog).map { path throws(TransportError) in try JobLog(path, console: console) }
        return try run(plan, workPlan, console)
    }

    private func run(_ plan: ExecPlan, _ workPlan: WorkPlan, _ console: Console) throws(TransportError) -> Ending {
        let livesOn = words.has(Self.coprocess)
        return try WorkSession(workPlan, writes: true, console: console) { setting throws(TransportError) in
            if livesOn { return try CoprocessWork(plan, stop: setting.stop, console: console) }
            return try ExecWork(plan, stop: setting.stop, console: console)
        }.run()
    }

    /// - Throws: `usage` for flags that exclude each other.
    private func check() throws(TransportError) {
        if words.has(Self.coprocess) {
            for (flag, hint) in [
                (Self.metaFd, "-J gives it the properties of each message"), (Self.on, "its lines are the verdicts"),
                (Self.group, "its standard output are replies"), (Self.tag, "its standard output are replies"),
            ] where words.has(flag) {
                throw TransportError(.usage, "--\(flag.name) and --coprocess exclude each other", hint: hint)
            }
        }
        if words.has(Self.metaFd), words.integer(Self.batch) ?? 1 > 1 {
            throw TransportError(.usage, "--meta-fd and --batch exclude each other", hint: "-J gives the properties of each message")
        }
    }

    /// How messages are told apart; `nil` where a command has one, as it is.
    private func framing() throws(TransportError) -> Framing? {
        let framing = try words.framing()
        let isGiven = words.has(.framing) || framing != .lines
        let sharesInput = words.has(Self.coprocess) || words.integer(Self.batch) ?? 1 > 1
        if framing == .files { throw TransportError(.usage, "--framing files is not for commands", hint: "mq recv -F files writes files") }
        if framing == .whole && sharesInput {
            throw TransportError(
                .usage, "--framing whole tells no two messages apart", hint: "-F len32, -F netstring or -J do, whatever is in them")
        }
        if framing == .whole { return nil }
        return isGiven || sharesInput ? framing : nil
    }
}
