import Glibc
import MQCore

struct Check: Verb {
    static let table = VerbTable(
        "check", .smokeTests, .changes, "Check that a queue works: a message there and back.",
        description: [
            .text(
                "Asks whoever keeps the queue in its own protocol, then sends a unique message through a private queue beside it, receives it and compares. With --in-place the message goes through the queue itself, which must be empty; a consumer of it may take the message. For ZeroMQ, it looks once at the other end's greeting: its version, mechanism, socket type and identity."
            ),
            .text(
                "Of a scheme alone, with hosts and options where they are needed (posix-mq:, nsq://host, sqs:.fifo, zmq:), only the private queue is checked; for ZeroMQ these are two sockets of its own."
            ),
            .text(
                "--warn and --crit are about the message's time or, where none is sent, about the answer's. Ranges are those of Nagios, for warning and critical: --depth 100,1000 warns above 100; --depth 10:,1: warns below 10, and so does --depth 10,1, since less is worse then. Durations are allowed for --age."
            ),
            .text(
                "A warning is status 0, a critical result is 1. With --format nagios the statuses are those of plugins, 0, 1, 2 and 3, and every error is 3."
            ),
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "The queue, or a scheme alone for a private one.")],
        sections: [
            VerbTable.Section("What to check", [inPlace, warn, crit, depth, age, timeout]),
            VerbTable.Section("Output", [format, output]),
        ],
        examples: [
            VerbTable.Example("Does it work, and how fast?", "mq check nsq:orders"),
            VerbTable.Example("Do POSIX queues work here at all?", "mq check posix-mq:"),
            VerbTable.Example("As a Nagios plugin:", "mq check sqs:jobs --format nagios --warn 500ms --crit 2s --depth 1000,10000"),
            VerbTable.Example("Who is at the other end?", "mq check zmq:sub:tcp://feed.example.com:5556"),
        ],
        statuses: [66, 74, 77, 78], negative: "Something is critical.",
        convention: Convention(flag: format, value: CheckReport.Format.nagios.rawValue, status: 3, text: CheckReport.unknown))

    static let inPlace = Flag("in-place", help: "Send the message through the queue itself, not through a private one.")
    static let warn = Flag("warn", nil, .duration(), help: "Warn when the round trip takes longer than DURATION.")
    static let crit = Flag("crit", nil, .duration(), help: "Fail when the round trip takes longer than DURATION.")
    static let depth = Flag("depth", nil, .text(), "RANGE", help: "Check the number of messages: CRITICAL, or WARNING,CRITICAL.")
    static let age = Flag("age", nil, .text(), "RANGE", help: "Check the age of the oldest message, where the queue tells it.")
    static let timeout = Flag(
        "timeout", nil, .duration(.milliseconds(1) ... .seconds(86400)), standard: "10s",
        help: "Fail when an answer takes longer than DURATION.")
    static let format = Flag(
        "format", nil, .choice(CheckReport.Format.allCases.map(\.rawValue)), "FORMAT", standard: "text",
        help: "Format of the report: text, json, tap, junit, nagios or prometheus.")
    static let output = Flag("output", nil, .file, help: "Write the report to FILE, which appears when it is complete.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let format = words.text(Self.format).flatMap(CheckReport.Format.init) ?? .text
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "checked", drawsProgress: false))
        let address = words.word("ADDRESS")!
        let results = try self.results(stop, console)
        if let number = stop.reason?.signal { return .signal(number) }
        let report = CheckReport(address: Address.escapingRaw(address), results: results)
        let text = try report.text(format)
        if let path = words.text(Self.output) { try FileDraft(Array(text.utf8), for: path).put() } else { try Results.print(text) }
        if format == .nagios { return .status(CInt(results.state.rawValue)) }
        for result in results where result.state == .warning { console.warn("\(result.name): \(result.words)") }
        guard results.state == .ok || results.state == .warning else {
            let failed = results.filter { $0.state == .critical || $0.state == .unknown }
            return .negative(failed.map { "\($0.name): \($0.words)" }.joined(separator: "; "))
        }
        return .success
    }

    /// A scheme alone is a private queue, where the transport can make one.
    private static func own(_ address: String) -> String? {
        guard !address.hasPrefix("@"), let own = PrivateAddress.completed(address)?.address,
            (try? ResolvedAddress(own, options: []).transport()) != nil
        else { return nil }
        return own
    }

    private func results(_ stop: StopFlag, _ console: Console) throws(TransportError) -> [CheckResult] {
        var plan = CheckRun.Plan(isInPlace: words.has(Self.inPlace), timeout: words.duration(Self.timeout) ?? .seconds(10))
        let limits = [Self.warn, Self.crit].map { words.duration($0).map { Double($0.nanoseconds) / 1e9 } }
        if let first = limits[0] ?? limits[1] {
            // Without one of them, no time is too long for it.
            let text = "\(limits[0].map { "\($0)" } ?? "~:"),\(limits[1].map { "\($0)" } ?? "~:")"
            if let warn = limits[0], let crit = limits[1], crit < warn {
                throw TransportError(.usage, "--crit is shorter than --warn", hint: "a round trip of \(first)s would be both")
            }
            plan.time = try AlertRange(parsing: text, "--warn") { Double($0) }
        }
        plan.depth = try words.text(Self.depth).map { text throws(TransportError) in
            try AlertRange(parsing: text, words.name(Self.depth)) { Quantity.bytes($0).map(Double.init) }
        }
        plan.age = try words.text(Self.age).map { text throws(TransportError) in
            try AlertRange(parsing: text, words.name(Self.age)) { Quantity.duration($0).map { Double($0.nanoseconds) / 1e9 } }
        }
        let address = words.word("ADDRESS")!
        let own = Self.own(address)
        plan.wantsPrivate = own != nil
        let resolved = try ResolvedAddress(own ?? address, options: words.texts(.option))
        if plan.isInPlace {
            try resolved.require(.admin, for: "carry a message in place", instead: "leave --in-place out")
            console.warn("the message goes through the queue itself: a consumer of it may take it")
        }
        return try CheckRun(text: address, address: resolved, options: words.texts(.option), plan: plan, stop: stop, console: console).run()
    }
}
