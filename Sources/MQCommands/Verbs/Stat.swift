import ArgumentParser
import MQCore

struct Stat: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stat", _superCommandName: "mq", abstract: "Show everything about one queue.",
        usage: "mq stat <address> [<option> ...]\nmq stat <address> --watch [<interval>] [<option> ...]",
        discussion: """
            With --watch, a line each interval shows the numbers: those that only grow as their growth a second, the others \
            as they are. What does not fit into 80 columns is in --json.
            """)

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @Argument(help: ArgumentHelp("With --watch, the time between two lines; 1s unless given.", valueName: "interval"))
    var interval: String?

    @Flag(help: "Print a line of numbers each interval.")
    var watch = false

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("count")],
        help: ArgumentHelp("With --watch, end after so many lines.", valueName: "n"))
    var count: String?

    @Flag(help: "Print JSON; with --watch, an object a line.")
    var json = false

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        guard watch else {
            if let interval { throw TransportError(.usage, "'\(interval)' is an interval of --watch", hint: "mq stat ADDRESS --watch 5s") }
            if count != nil { throw TransportError(.usage, "-n counts lines of --watch") }
            return try show(console)
        }
        let pause = try Value.interval(interval, "--watch") ?? .seconds(1)
        let limit = try Value.integer(count, "-n", 1...Int.max)
        let resolved = try Administration.resolve(address, shared)
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(
                stop: stop, console: console, watchesOutput: true, counters: Counters(), verb: "watched", drawsProgress: false))
        let admin = try Administration.open(resolved, console, stop: stop)
        var watch = StatWatch(resolved.descriptor, isJSON: json)
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
            try Results.print(watch.lines(status, at: Console.wallClock()))
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
        let resolved = try Administration.resolve(address, shared)
        let status = try Administration.open(resolved, console).status()
        if json {
            var text = JSONText()
            Administration.write(status, resolved.descriptor, into: &text)
            try Results.print(text.string + "\n")
        } else {
            let rows = [["Address", status.address]] + status.facts.map { [$0.label, $0.value.text] }
            let width = max(17, rows.map(\.[0].count).max() ?? 0) + 1
            let text = rows.map { $0[0] + String(repeating: " ", count: width - $0[0].count) + $0[1] + "\n" }.joined()
            try Results.print(text + Self.tables(of: status.parts))
        }
        return .success
    }

    /// Parts with the same facts share a table.
    private static func tables(of parts: [QueueStatus]) -> String {
        var text = ""
        var rest = parts[...]
        while let first = rest.first {
            let keys = first.facts.map(\.key)
            let alike = rest.prefix { $0.facts.map(\.key) == keys }
            rest = rest.dropFirst(alike.count)
            let numeric = first.facts.indices.filter { first.facts[$0].value.isNumeric }.map { $0 + 1 }
            let rows = alike.map { part in [part.address] + part.facts.map(\.value.shortText) }
            text += "\n" + Results.table(["ADDRESS"] + first.facts.map { $0.label.uppercased() }, rows, alignedRight: Set(numeric))
        }
        return text
    }
}
