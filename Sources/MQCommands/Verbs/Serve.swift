import MQCore

struct Serve: Verb {
    static let table = VerbTable(
        "serve", .work, .changes, "Answer requests: run a command for each, or say the same to all.",
        description: [
            .text(
                "The request is the command's standard input, and its standard output is the reply, byte by byte, once it has ended with status 0. A command that ends otherwise, or runs longer than --timeout, has failed: --on-error says what the request gets. With --framing, the request is a record, and the command writes one: -F lines leaves the last newline out of the reply, -J shows and sets the frames of a message. The command has the environment of mq exec's."
            ),
            .text(
                "One request is answered after the other, or with -j N up to N at once, each reply as soon as it is there. No more requests are taken than commands run: the others wait with whoever asks. Five commands in a row that end with 126 or 127, which is what a shell says of a command that it cannot start, end mq serve with status 2."
            ),
            .text(
                "Asked to end by a signal, mq serve takes no more requests and lets the commands that run finish (--grace). The last line counts the requests: answered, failed, and undelivered, where whoever asked had gone."
            ),
        ],
        operands: [
            Operand("ADDRESS", .one, .address, help: "Where to listen: zmq:@tcp://:5555, zmq:@ipc:///run/service, ..."),
            Operand("COMMAND", .optionalCommand, .command, help: "The command and its arguments; no shell takes them apart."),
        ],
        sections: [
            VerbTable.Section("The reply", [echo, reply, onError]),
            VerbTable.Section(
                "The command",
                [
                    Exec.jobs, Exec.timeout.saying("End a command that runs longer than DURATION: it has failed."),
                    Exec.killAfter, framing, .nul, .whole, .jsonl,
                ]),
            VerbTable.Section("What to take", [.count.saying("Exit after N requests."), .stopWhenIdle, .maxTime]),
            .running,
            VerbTable.Section("Opening", [.retry.saying("Keep trying to open the address for up to DURATION, or forever."), .readyFd]),
        ],
        examples: [
            VerbTable.Example("A command for each request, four at once:", "mq serve zmq:@tcp://:5555 -j 4 -- ./answer"),
            VerbTable.Example("What each request says, in capitals:", "mq serve zmq:@ipc:///run/shout -- tr a-z A-Z"),
            VerbTable.Example("For those who measure, and for a test:", "mq serve zmq:@ipc:///run/echo --echo"),
            VerbTable.Example("An answer to whoever asks whether we live:", "mq serve zmq:@tcp://:5556 --reply ok"),
        ],
        statuses: [69, 73, 76, 77, 78],
        negative: "Fewer requests were answered than -n asked for.")

    static let echo = Flag("echo", help: "Send each request back.")
    static let reply = Flag("reply", nil, .text(), "TEXT", help: "Send TEXT to all.")
    static let onError = Flag(
        "on-error", nil, .text(["silent", "empty"]), "WHAT", standard: "silent",
        help: "What a request gets whose command failed: nothing (silent), an empty reply (empty), or any other text as it is.")
    static let framing = Flag(
        "framing", "F", .framing, standard: "whole",
        help: "How the command reads the request and writes the reply: whole, lines, nul, delim:STR, len32, netstring or jsonl.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let command = words.words("COMMAND")
        try check(command)
        let plan = try workPlan()
        let desk = ReplyDesk(onError: ReplyDesk.OnError(words.text(Self.onError) ?? "silent"), console: console)
        let exec = try command.isEmpty ? nil : execPlan(command, plan.address, desk)
        let width = exec?.slots ?? 1
        return try WorkSession(
            plan, console: console,
            open: { setting in
                let counters = desk.counters
                setting.tally.present { common, _ in counters.figures(common) }
                return { opening, transport throws(TransportError) in
                    let responder = try Endpoints.open(retry: plan.retry, opening: opening, console: console) {
                        opening throws(TransportError) in
                        try transport.openResponder(opening, width: width)
                    }
                    desk.responder = responder
                    return responder
                }
            },
            { setting throws(TransportError) in
                if let exec { return try ExecWork(exec, stop: setting.stop, console: console) }
                return AnswerWork(words.text(Self.reply)?.rawBytes, at: desk)
            }
        ).run()
    }

    /// - Throws: `usage` for flags that exclude or need each other.
    private func check(_ command: [String]) throws(TransportError) {
        let ways = [command.isEmpty ? nil : "a command", words.has(Self.echo) ? "--echo" : nil, words.has(Self.reply) ? "--reply" : nil]
            .compactMap { $0 }
        if ways.isEmpty { throw TransportError(.usage, "nothing says what to answer", hint: "-- COMMAND, --echo or --reply TEXT") }
        if ways.count > 1 { throw TransportError(.usage, "\(ways[0]) and \(ways[1]) exclude each other") }
        guard command.isEmpty else { return }
        for flag in [Exec.jobs, Exec.timeout, Exec.killAfter, Self.onError, Self.framing, .nul, .whole, .jsonl] where words.has(flag) {
            throw TransportError(.usage, "\(words.name(flag)) is about a command", hint: "mq serve ADDRESS -- COMMAND")
        }
    }

    private func workPlan() throws(TransportError) -> WorkPlan {
        let address = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        try address.require(.request, for: "answer requests")
        var plan = WorkPlan(address)
        (plan.count, plan.grace, plan.retry) = (words.integer(.count), words.duration(.grace), words.duration(.retry))
        plan.persistence.idle = words.duration(.stopWhenIdle)
        plan.maxTime = try words.text(.maxTime).map(WorkPlan.maxTime)
        plan.ready = try ReadyLine(words.integer(.readyFd))
        plan.verb = words.table.name
        plan.status = try words.text(.statusAddr).map { text throws(TransportError) in
            try StatusAddress(parsing: text, isPublic: words.has(.statusPublic))
        }
        return plan
    }

    private func execPlan(_ command: [String], _ address: ResolvedAddress, _ desk: ReplyDesk) throws(TransportError) -> ExecPlan {
        var plan = ExecPlan(
            words: command.map(\.rawBytes), path: try CommandPath.find(command[0]), address: address.address.short,
            queue: address.address.queueName, mayHaveFrames: address.descriptor.capabilities.contains(.frames), rules: VerdictRules())
        let framing = try words.framing()
        if framing == .files { throw TransportError(.usage, "--framing files is not for commands") }
        let isGiven = [Self.framing, .nul, .jsonl].contains { words.has($0) }
        plan.framing = isGiven && framing != .whole ? framing : nil
        plan.slots = words.integer(Exec.jobs) ?? 1
        plan.timeout = words.duration(Exec.timeout)
        plan.killAfter = words.duration(Exec.killAfter) ?? plan.killAfter
        plan.desk = desk
        return plan
    }
}
