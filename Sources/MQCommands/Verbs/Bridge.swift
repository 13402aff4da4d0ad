import MQCore

struct Bridge: Verb {
    static let table = VerbTable(
        "bridge", .work, .changes, "Move messages between any two queues.",
        forms: ["FROM TO... [OPTION...]", "FROM TO... --filter|--map [OPTION...] -- COMMAND..."],
        description: [
            .text(
                "A message is settled at FROM once TO has confirmed it, never before. Body, group, deduplication ID, type, priority and attributes are kept where both sides carry them; what TO does not carry is named once. A source without acknowledgements (posix-mq, sysv, zmq) gives at most once: what is under way is lost if mq is killed, and mq says so when it starts."
            ),
            .text(
                "Both sides are connected again when they break, with back-off and without end unless --retry says otherwise. Messages that a broken connection had not confirmed are sent again, so that they may arrive twice and are never lost."
            ),
            .text(
                "With several destinations, --copy sends every message to all of them and --distribute each message to one of them. A destination that is down does not hold up the others under --distribute."
            ),
            .text(
                "The command of --filter and --map runs for as long as the bridge. It reads one record per message from its standard input and writes one record in answer to each, in the same order; --framing says how records are told apart. For --filter, an empty answer means that the message goes nowhere. For --map, the answer is the new body. When the command ends, the message that it had not answered goes back to FROM, and it is started again."
            ),
            .text(
                "Messages that --where, --match or --filter leave out are settled at FROM and go nowhere. Conditions of --where compare with = != < <= > >= one of these:"
            ),
            .lines([MessageCondition.subjects.joined(separator: " ")]),
        ],
        operands: [
            Operand("FROM", .one, .address, help: "Where messages come from: nsq:topic/channel, sqs:name, posix-mq:/name, ..."),
            Operand("TO", .some, .address, help: "Where they go."),
            Operand("COMMAND", .optionalCommand, .command, help: "The filter or map, and its arguments."),
        ],
        sections: [
            VerbTable.Section(
                "What to move",
                [
                    .count, .drain.saying("Move what is there, and exit when the queue is empty."),
                    .timeout.saying("Exit with status 1 when no message comes for DURATION."), .stopWhenIdle, .maxTime, condition, match,
                    dryRun,
                ]),
            VerbTable.Section("Where to", [copy, distribute, .rate.saying("Move at most RATE messages per second: 100, 2.5k, 1M.")]),
            VerbTable.Section("A command for each message", [filter, map, framing]),
            VerbTable.Section("What messages carry", [strict, newDedup, maxHops]),
            VerbTable.Section("Failures", [.backoff, .maxAttemptsOfWork, deadLetter, .hold]),
            VerbTable.Section("Running", [prefetch, grace, .statusAddr, .statusPublic]),
            VerbTable.Section("Opening", [retry, .create, .readyFd]),
        ],
        examples: [
            VerbTable.Example("A topic of nsq to a queue of SQS, until interrupted:", "mq bridge nsq:orders/to-sqs sqs:orders"),
            VerbTable.Example("Dead letters back to where they failed:", "mq bridge sqs:orders-dead sqs:orders --drain"),
            VerbTable.Example("What would move:", "mq bridge sqs:orders-dead sqs:orders --where attr.kind=invoice --dry-run"),
            VerbTable.Example(
                "One field of each body, by jq:", "mq bridge nsq:events/names posix-mq:/names --map -F lines -- jq --unbuffered -r .name"),
        ],
        statuses: [65, 66, 69, 73, 75, 76, 77, 78],
        negative: "Fewer messages were moved than -n asked for, or none came for as long as --timeout.")

    static let condition = Flag(
        "where", nil, .text(), "CONDITION", repeats: true, help: "Move only messages for which CONDITION holds (repeatable).")
    static let match = Flag(
        "match", nil, .name, "REGEX", help: "Move only messages whose body matches REGEX, an extended regular expression.")
    static let dryRun = Flag("dry-run", help: "Count what would move and leave it where it is, where the transport can.")
    static let copy = Flag("copy", help: "Send every message to every TO.")
    static let distribute = Flag("distribute", help: "Send each message to one TO.")
    static let filter = Flag("filter", help: "Move only messages that COMMAND answers with a record that is not empty.")
    static let map = Flag("map", help: "Move what COMMAND answers instead of the body.")
    static let framing = Flag(
        "framing", "F", .framing, standard: "len32",
        help: "How COMMAND's records are told apart: len32, lines, nul, delim:STR, netstring or jsonl.")
    static let strict = Flag("strict", help: "Fail with status 65 before sending a message that carries what TO does not.")
    static let newDedup = Flag(
        "new-dedup", help: "Give messages new deduplication IDs, so that TO accepts one again that it has had within five minutes.")
    static let maxHops = Flag(
        "max-hops", nil, .integer(0...Int.max), standard: "8",
        help: "Refuse a message that has passed N bridges, by its attribute \(BridgeMarks.hops); 0 neither counts nor refuses.")
    static let prefetch = Flag("prefetch", nil, .integer(0...Int.max), help: "Have at most N messages under way.")
    static let deadLetter = Flag.deadLetter.saying("Move messages that TO refuses, or that are given up, to ADDRESS.")
    static let grace = Flag(
        "grace", nil, .duration(), standard: "5s",
        help: "When asked to stop, wait DURATION for TO to confirm what it was sent; then it goes back to FROM.")
    static let retry = Flag.retry.saying("Give up a side that cannot be connected for DURATION; without end by default.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var session = try WorkPlan(words, operand: "FROM")
        let source = session.address
        var destinations: [ResolvedAddress] = []
        for text in words.words("TO") {
            let destination = try ResolvedAddress(text, options: [])
            try destination.require(.send, for: "send")
            destinations.append(destination)
        }
        try check(source, destinations)
        (session.timeout, session.peeks) = (words.duration(.timeout), words.has(Self.dryRun))
        var plan = BridgeSession.Plan(session)
        (plan.prefetch, plan.work, plan.sieve) = (words.integer(Self.prefetch), try work(source, destinations), try sieve())
        return try BridgeSession(plan, to: destinations, console: console).run()
    }

    /// What can never work, before anything is opened.
    private func check(_ source: ResolvedAddress, _ destinations: [ResolvedAddress]) throws(TransportError) {
        for (index, destination) in destinations.enumerated() {
            if destination.isSame(as: source) {
                throw TransportError(
                    .usage, "'\(destination.address.short)' is where messages come from", hint: "they would come again for ever")
            }
            if destinations[..<index].contains(where: { $0.isSame(as: destination) }) {
                throw TransportError(.usage, "'\(destination.address.short)' is given twice")
            }
        }
        if words.has(Self.copy) && words.has(Self.distribute) {
            throw TransportError(.usage, "--copy and --distribute exclude each other")
        }
        if destinations.count > 1 && !words.has(Self.copy) && !words.has(Self.distribute) {
            throw TransportError(
                .usage, "\(destinations.count) destinations need --copy or --distribute", hint: "to all of them, or each message to one")
        }
        if words.has(Self.dryRun) {
            try source.require(.peek, for: "show a message without taking it", instead: "mq stat shows how many there are")
        }
    }

    private func work(_ source: ResolvedAddress, _ destinations: [ResolvedAddress]) throws(TransportError) -> BridgeWork.Plan {
        var plan = BridgeWork.Plan()
        plan.copies = words.has(Self.copy)
        plan.marks = BridgeMarks(maxHops: words.integer(Self.maxHops) ?? 8, renewsIdentity: words.has(Self.newDedup))
        for text in words.texts(Self.condition) { plan.conditions.append(try MessageCondition(parsing: text)) }
        plan.pattern = try words.text(Self.match).map { text throws(TransportError) in try BodyPattern(text) }
        (plan.isStrict, plan.isDry, plan.pace) = (words.has(Self.strict), words.has(Self.dryRun), words.rate(.rate))
        if plan.marks.renewsIdentity && !destinations.contains(where: { $0.descriptor.capabilities.contains(.group) }) {
            throw TransportError(.unsupported, "--new-dedup: \(destinations[0].descriptor.name) drops no duplicates")
        }
        return plan
    }

    private func sieve() throws(TransportError) -> BridgeSieve.Plan? {
        let (command, hasFilter, hasMap) = (words.words("COMMAND"), words.has(Self.filter), words.has(Self.map))
        if hasFilter && hasMap {
            throw TransportError(.usage, "--filter and --map exclude each other", hint: "one bridge behind the other does both")
        }
        guard hasFilter || hasMap else {
            if command.isEmpty && !words.has(Self.framing) { return nil }
            throw TransportError(.usage, "\(command.isEmpty ? "--framing" : "a command") needs --filter or --map")
        }
        let name = hasMap ? "--map" : "--filter"
        guard let program = command.first else { throw TransportError(.usage, "\(name) needs a command", hint: "\(name) -- COMMAND...") }
        _ = try CommandPath.find(program)
        let framing = try words.text(Self.framing).map { word throws(TransportError) in try Framing(parsing: word) } ?? .len32
        if framing == .files || framing == .whole {
            throw TransportError(
                .usage, "--framing \(framing.word) does not tell records apart", hint: "len32, lines, nul, delim:STR, netstring or jsonl")
        }
        return BridgeSieve.Plan(command: command, framing: framing, maps: hasMap, buriesRefused: words.has(Self.deadLetter))
    }
}
