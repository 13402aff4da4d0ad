import MQCore

struct Stat: Verb {
    static let table = VerbTable(
        "stat", .queues, .reads, "Show everything about one queue.",
        forms: ["ADDRESS [OPTION...]", "ADDRESS --watch [INTERVAL] [-n N] [OPTION...]"],
        description: [
            .text(
                "With --watch, prints one line of numbers per interval: counters as rates per second, gauges as they are. --json has the columns that do not fit into 80."
            )
        ],
        operands: [
            .queue,
            Operand("INTERVAL", .optional, interval, help: "With --watch, the time between two lines (default: 1s)."),
        ],
        sections: [
            VerbTable.Section("What to show", [clients, .node]),
            VerbTable.Section("Watching", [watch, .count.saying("With --watch, exit after N lines.")]),
            VerbTable.Section("Output", [.json.saying("Print JSON; with --watch, one object per line.")]),
        ],
        examples: [
            VerbTable.Example("How many messages are there?", "mq stat posix-mq:/jobs --json | jq .messages"),
            VerbTable.Example("How fast does it fill? A line every five seconds:", "mq stat posix-mq:/jobs --watch 5s"),
            VerbTable.Example("Which consumer is slow?", "mq stat nsq:orders/billing --clients"),
        ],
        statuses: ExitStatus.ofQueues)

    private static let clients = Flag(
        "clients", help: "Show who is connected to the queue, with figures for each, where the transport can tell.")
    static let watch = Flag("watch", help: "Print one line of numbers per interval.")
    private static let interval = ValueKind.duration(.milliseconds(1) ... .seconds(1 << 40))

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let interval = words.word("INTERVAL")
        guard words.has(Self.watch) else {
            if let interval {
                throw TransportError(
                    .usage, "'\(interval)' is an interval of --watch",
                    hint: "mq stat \(ShellWord.quoted(words.word("ADDRESS")!)) --watch \(ShellWord.quoted(interval))")
            }
            if words.has(.count) { throw TransportError(.usage, "\(words.name(.count)) counts lines of --watch") }
            return try show(console)
        }
        if words.has(Self.clients) { throw TransportError(.usage, "--clients and --watch exclude each other") }
        let pause = interval.flatMap(Quantity.duration) ?? .seconds(1)
        let limit = words.integer(.count)
        let resolved = try Administration.resolve(words)
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(
                stop: stop, console: console, watchesOutput: true, counters: Counters(), verb: "watched", drawsProgress: false))
        let admin = try Administration.open(words, resolved, console, stop: stop)
        var watch = StatWatch(resolved.descriptor, isJSON: words.has(.json), width: StatWatch.outputWidth)
        var lines = 0
        var due = Deadline.now()
        while true {
            let status: QueueStatus
            do throws(TransportError) {
                status = try admin.status()
            } catch {
                // The signal ended the question, too.
                if let number = stop.reason?.signal { return .signal(number) }
                throw error
            }
            try Results.print(try watch.lines(status, at: WallClock.now()))
            if let note = watch.takeNote() { console.note(note) }
            lines += 1
            if lines == limit { return .success }
            // On a fixed schedule; a broker that is slower than the interval is asked as soon as it has answered.
            due = max(due + pause.nanoseconds, Deadline.now())
            if case .stopped = Readiness.sleep(until: Deadline(nanoseconds: due), stop: stop), let number = stop.reason?.signal {
                return .signal(number)
            }
        }
    }

    private func show(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try Administration.resolve(words)
        if words.has(Self.clients) { try resolved.require(.clients, for: "tell who is connected") }
        let admin = try Administration.open(words, resolved, console)
        let status = try admin.status()
        let clients = words.has(Self.clients) ? try admin.clients() : nil
        if words.has(.json) {
            var members = Administration.members(of: status, resolved.descriptor)
            if let clients {
                members.append(
                    JSONMember(key: "clients", value: .array(clients.queues.map { Administration.json($0, resolved.descriptor) })))
            }
            try Results.print(JSONTree.object(members))
        } else {
            var rows = Rows([.init(least: 17), .init()])
            rows.gap = 1
            rows.append(["Address", status.address])
            for fact in status.facts { rows.append([fact.label, fact.value.text]) }
            let (tables, missing) = Self.tables(of: status.parts, within: status.address)
            let connected = clients.map { $0.queues.isEmpty ? "\nno clients\n" : "\n" + Administration.table($0) } ?? ""
            try Results.print(rows.text() + tables + connected)
            if missing > 0 { console.note("\(missing) more \(missing == 1 ? "column does" : "columns do") not fit; --json has them") }
        }
        return .success
    }

    /// What a terminal has, and how much of it an address takes from the facts at most.
    private static let (width, widestAddress) = (80, 30)

    /// Parts with the same facts share a table, of the facts that fit: the transport names them in the order of their importance.
    private static func tables(of parts: [QueueStatus], within whole: String) -> (text: String, missing: Int) {
        var text = ""
        var missing = 0
        var rest = parts[...]
        while let first = rest.first {
            let keys = first.facts.map(\.key)
            let alike = rest.prefix { $0.facts.map(\.key) == keys }
            rest = rest.dropFirst(alike.count)
            var rows = Rows([.init("ADDRESS")] + first.facts.map { .init($0.label.uppercased(), isNumeric: $0.value.isNumeric) })
            for part in alike { rows.append([shortened(part.address, within: whole)] + part.facts.map(\.value.shortText)) }
            while rows.columns.count > 1, rows.width(first: widestAddress) > width { rows.removeLastColumn() }
            missing = max(missing, 1 + keys.count - rows.columns.count)
            text += "\n" + rows.text()
        }
        return (text, missing)
    }

    /// Only what a part adds to the address above, where it is no more than that.
    private static func shortened(_ part: String, within whole: String) -> String {
        let common = zip(whole, part).prefix { $0 == $1 }.count
        let rest = whole.dropFirst(common)
        guard part.hasSuffix(rest), part.count > whole.count else { return part }
        let added = part.dropFirst(common).dropLast(rest.count)
        return added.hasPrefix("/") ? "…\(added)" : part
    }
}
