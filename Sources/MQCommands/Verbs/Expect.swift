import Glibc
import MQCore

struct Expect: Verb {
    static let table = VerbTable(
        "expect", .smokeTests, .changes, "Take messages, and fail unless they are what you expect.",
        description: [
            .text(
                "Takes as many messages as are expected, and not one more, and compares each. The first that differs ends with status 1; standard error shows the first byte that differs, and both sides: as text, or else in hexadecimal."
            ),
            .text(
                "With --eq and --eq-file, the messages must be these, in this order; a single one is what each of the -n messages must be. --match, --json and --attr hold for every message. In --json, the path is user.name, items[0].id or [\"a.b\"].c, and the value is JSON; what is not JSON is a string."
            ),
            .text(
                "Messages that were compared are gone from the queue, the one that failed among them, unless --peek leaves them where they are. When nothing came because the broker no longer answers, the status is 69 or 75 instead of 1."
            ),
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "Where from: posix-mq:/name, nsq:topic/channel, sqs:name, ...")],
        sections: [
            VerbTable.Section("What to expect", [count, eq, eqFile, match, json, attribute, unordered, noMore]),
            VerbTable.Section("How to take it", [timeout, peek]),
            VerbTable.Section("Framing of --eq-file", [.framing, .nul, .whole, .jsonl]),
            .opening,
        ],
        examples: [
            VerbTable.Example("One message, word for word:", "mq expect posix-mq:/out --eq 'order 17 done'"),
            VerbTable.Example(
                "Three messages with a field, and no fourth within a second:",
                "mq expect sqs:out -n 3 --json status=ok --no-more 1s --timeout 30s"),
            VerbTable.Example("The lines of a file, in any order:", "mq expect nsq:out/test --eq-file expected.txt --unordered"),
            VerbTable.Example("Nothing at all:", "mq expect sqs:dead --no-more 2s"),
        ],
        statuses: [66, 69, 75, 76, 77, 78], negative: "A message was missing, one too many, or not what was expected.")

    static let count = Flag(
        "count", "n", .integer(0...Int.max), help: "Expect N messages (default: as many as --eq and --eq-file have, or 1).")
    static let eq = Flag("eq", nil, .text(), repeats: true, help: "Expect this message (repeatable: one after the other).")
    static let eqFile = Flag("eq-file", nil, .file, help: "Expect the records of FILE, told apart by --framing.")
    static let match = Flag(
        "match", nil, .text(), "REGEX", repeats: true,
        help: "Expect every body to match an extended regular expression (repeatable: all of them).")
    static let json = Flag(
        "json", nil, .text(), "PATH=VALUE", repeats: true, help: "Expect a value in the JSON of every body (repeatable).")
    static let attribute = Flag(
        "attr", nil, .text(), "NAME=VALUE", repeats: true, help: "Expect an attribute of every message (repeatable).")
    static let unordered = Flag("unordered", help: "Take the messages of --eq and --eq-file in any order.")
    static let noMore = Flag("no-more", nil, .duration(), help: "Expect that nothing follows for DURATION.")
    static let timeout = Flag(
        "timeout", nil, .duration(), standard: "10s", help: "Fail when no message comes for DURATION.")
    static let peek = Flag("peek", help: "Leave the messages in the queue, where the transport can.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let stop = StopFlag()
        let examination = try examination(stop)
        let (given, noMore) = (words.integer(Self.count), words.duration(Self.noMore))
        if examination.isEmpty && (given ?? 0) == 0 && noMore == nil {
            throw TransportError(
                .usage, "nothing is expected", hint: "-n, --eq, --match, --json and --attr say what must come, --no-more that nothing does")
        }
        if let given, examination.bodies.count > 1 || given == 0, given != examination.bodies.count, !examination.bodies.isEmpty {
            throw TransportError(
                .usage,
                "\(words.name(Self.count)) \(given) and the \(Quantity.count(examination.bodies.count, "message")) expected do not agree")
        }
        let address = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        try address.require(.receive, for: "be received from")
        if !examination.attributes.isEmpty { try address.require(.attributes, for: "carry attributes") }
        if words.has(Self.peek) { try address.require(.peek, for: "show a message without taking it", instead: "leave --peek out") }
        let opened = try address.creating(words.has(.create), words.word("ADDRESS")!, options: words.texts(.option))
        let plan = ExpectRun.Plan(
            examination: examination, count: given ?? max(examination.bodies.count, examination.isEmpty ? 0 : 1), noMore: noMore,
            timeout: words.duration(Self.timeout) ?? .seconds(10), peeks: words.has(Self.peek), retry: words.duration(.retry),
            ready: try ReadyLine(words.integer(.readyFd)))
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "expected", drawsProgress: false))
        return try ExpectRun(plan, opened, stop: stop, console: console).run()
    }

    private func examination(_ stop: StopFlag) throws(TransportError) -> Examination.Plan {
        var plan = Examination.Plan()
        for text in words.texts(Self.match) { plan.patterns.append((text, try BodyPattern(text))) }
        for text in words.texts(Self.json) { plan.values.append(try JSONExpectation(parsing: text, words.name(Self.json))) }
        for text in words.texts(Self.attribute) {
            guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals != text.startIndex else {
                throw TransportError(
                    .usage, "\(words.name(Self.attribute)) '\(text)' has no \(text.hasPrefix("=") ? "name" : "value")",
                    hint: "\(words.name(Self.attribute)) kind=order")
            }
            plan.attributes.append((String(text[..<equals]), String(text[text.utf8.index(after: equals)...])))
        }
        plan.bodies = words.texts(Self.eq).map(\.rawBytes)
        if let path = words.text(Self.eqFile) { plan.bodies += try records(of: path, stop) }
        plan.isUnordered = words.has(Self.unordered)
        if plan.isUnordered && plan.bodies.isEmpty {
            throw TransportError(.usage, "\(words.name(Self.unordered)) is about the messages of --eq and --eq-file")
        }
        return plan
    }

    private func records(of path: String, _ stop: StopFlag) throws(TransportError) -> [[UInt8]] {
        let framing = try words.framing()
        if framing == .files {
            throw TransportError(.usage, "--framing files does not divide a file", hint: "-w takes all of it as one message")
        }
        // Why it cannot be read says this, with the path.
        _ = try LocalFile.contents(of: path)
        let file = PipeEnd(owning: open(path.rawCString, O_RDONLY | O_CLOEXEC))
        let reader = RecordReader(framing, limit: nil, descriptor: file.descriptor)
        var bodies: [[UInt8]] = []
        do throws(TransportError) {
            while case .records = try reader.next(stop: stop) {
                for index in 0..<reader.batch.count { bodies.append(Array(reader.batch.bytes(of: index))) }
            }
        } catch {
            throw TransportError(error.code, "\(path), record \(bodies.count + 1): \(error.message)", hint: error.hint)
        }
        if bodies.isEmpty { throw TransportError(.usage, "\(path) holds no record, so that nothing is expected") }
        return bodies
    }
}
