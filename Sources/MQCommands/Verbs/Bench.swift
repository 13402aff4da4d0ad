import ArgumentParser
import Glibc
import MQBench
import MQCore

struct Bench: Verb {
    static let configuration = CommandConfiguration(
        commandName: "bench", _superCommandName: "mq",
        abstract: "Measure throughput and latency of queues, side by side.",
        usage: """
            mq bench <address> ... [<option> ...]
            mq bench compare <old> <new> [<option> ...]
            mq bench report <file> ... --html <file>
            """,
        discussion: """
            Each address is measured in two phases: as fast as it goes, and at a steady rate, by default half of that. Both ends are \
            processes of their own. Latency is counted from when a message was due, not from when it could be sent. Every message \
            carries a number, and what is lost, duplicated or out of order is counted exactly.

            The name temp is a private queue: mq bench posix-mq:temp sysv:temp zmq:temp

            mq bench compare and mq bench report work on saved runs; each has its --help.
            """)

    @Argument(help: ArgumentHelp("The queues to measure.", valueName: "address"))
    var addresses: [String]

    @Option(
        name: [.customShort("s", allowingJoined: true), .customLong("size")],
        help: ArgumentHelp("Message sizes in bytes, 16 at least: 100, or 16,1k,64k, or 16:64k:x4 (the default is 100).", valueName: "sizes")
    )
    var size: String?

    @Option(
        name: [.customShort("p", allowingJoined: true), .customLong("producers")],
        help: ArgumentHelp("Producers at once (the default is 1).", valueName: "n"))
    var producers: String?

    @Option(
        name: [.customShort("c", allowingJoined: true), .customLong("consumers")],
        help: ArgumentHelp("Consumers at once (the default is 1).", valueName: "n"))
    var consumers: String?

    @Option(
        help: ArgumentHelp(
            "Rate of the latency phase: messages per second, a share of the throughput, auto for 50% or the next lower share that the generator keeps (the default), max for no such phase, or find.",
            valueName: "rate"),
        completion: .list(["auto", "50%", "max", "find"]))
    var rate: String?

    @Option(help: ArgumentHelp("With --rate find: what the rate must keep, such as 'p99<5ms'.", valueName: "objective"))
    var slo: String?

    @Option(
        name: [.customShort("d", allowingJoined: true), .customLong("duration")],
        help: ArgumentHelp("Length of each phase (the default is 5s).", valueName: "duration"))
    var duration: String?

    @Option(help: ArgumentHelp("What is discarded before each phase (the default is 1s).", valueName: "duration"))
    var warmup: String?

    @Option(help: ArgumentHelp("Windows of the throughput phase, whose median counts (the default is 5).", valueName: "n"))
    var windows: String?

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("count")],
        help: ArgumentHelp("Messages of the throughput phase, instead of a duration.", valueName: "n"))
    var count: String?

    @Option(
        help: ArgumentHelp(
            "Keep at most N messages under way in the throughput phase, or none for no bound (the default is 10000, or 16 MiB if that is less).",
            valueName: "n"))
    var window: String?

    @Option(help: ArgumentHelp("Messages handed over in one call (the default is 256).", valueName: "n"))
    var batch: String?

    @Flag(help: "Measure round trips: a message out, its answer back.")
    var rtt = false

    @Flag(help: "Both ends in one process, to see the difference.")
    var sameProcess = false

    @Option(
        help: ArgumentHelp("What is in the messages: random (the default), zero, seq, or the name of a file.", valueName: "content"),
        completion: .list(["random", "zero", "seq"]))
    var payload: String?

    @OptionGroup var outputs: BenchOutputs

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let choice = try RateChoice(parsing: rate ?? "auto")
        let objective = try slo.map { text throws(TransportError) in try Objective(parsing: text) }
        guard (choice == .find) == (objective != nil) else {
            throw TransportError(.usage, "--rate find and --slo go together", hint: "--rate find --slo 'p99<5ms'")
        }
        let limit = try window.map { text throws(TransportError) in try WindowLimit(parsing: text) } ?? .standard
        let plan = try plan(limit)
        // What would be ignored is refused: the report would say that it was done.
        if rtt && choice == .find { throw TransportError(.usage, "--rtt and --rate find do not go together") }
        if rtt && (plan.producers > 1 || plan.consumers > 1) {
            throw TransportError(.usage, "--rtt has one message under way: -p and -c do not go with it")
        }
        try outputs.check()
        let targets = try addresses.map { text throws(TransportError) in
            let resolved = try ResolvedAddress(text, options: shared.options)
            try resolved.require(.send, for: "send")
            try resolved.require(.receive, for: "receive")
            return BenchTarget(text: text, transport: try resolved.transport())
        }
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "measured", drawsProgress: false))
        let runner = BenchRunner(
            plan: plan, rate: choice, objective: objective, window: limit, floor: try Self.floor(), stop: stop,
            resolve: { text throws(TransportError) in try ResolvedAddress(text, options: []).transport() },
            progress: { if console.showsProgress { console.progress(Self.line($0)) } })
        do throws(TransportError) {
            let report = try runner.run(targets, version: Program.version, label: outputs.label)
            console.endProgress()
            return try publish(report)
        } catch {
            if let number = stop.reason?.signal { return .signal(number) }
            throw error
        }
    }

    /// Prints and saves; a run of which nothing was measured has failed.
    private func publish(_ report: BenchReport) throws(TransportError) -> Ending {
        try outputs.write(report)
        try Results.print(ReportText.text(report, isTerminal: isatty(STDOUT_FILENO) == 1))
        let failures = report.results.filter { $0.failure != nil }
        guard let first = failures.first, let why = first.failure else { return .success }
        if failures.count < report.results.count {
            return .negative("\(failures.count) of \(report.results.count) could not be measured; \(first.name): \(why)")
        }
        throw TransportError(TransportError.Code(first.failureKind ?? "failure"), "\(first.name): \(why)")
    }

    /// A queue within this process, whatever it is called.
    private static func floor() throws(TransportError) -> BenchTarget? {
        guard let descriptor = Registry.descriptors.first(where: { $0.capabilities.contains(.processLocal) }) else { return nil }
        let text = "\(descriptor.schemes[0]):temp"
        return BenchTarget(text: text, transport: try ResolvedAddress(text, options: []).transport())
    }

    private func plan(_ window: WindowLimit) throws(TransportError) -> BenchPlan {
        func seconds(_ text: String?, _ flag: String, _ standard: Double, least: Double) throws(TransportError) -> Double {
            let seconds = try Value.duration(text, flag).map { Double($0.nanoseconds) / 1e9 } ?? standard
            guard seconds >= least, seconds <= 7 * 86_400 else {
                throw TransportError(.usage, "\(flag) '\(text ?? "")' is not between \(least > 0 ? "10ms" : "0s") and 168h")
            }
            return seconds
        }
        let content = payload ?? "random"
        return BenchPlan(
            addresses: addresses, sizes: try SizeList.parse(size ?? "100"), producers: try Value.integer(producers, "-p", 1...100) ?? 1,
            consumers: try Value.integer(consumers, "-c", 1...100) ?? 1, rate: rate ?? "auto", objective: slo,
            duration: try seconds(duration, "-d", 5, least: 0.01), warmup: try seconds(warmup, "--warmup", 1, least: 0),
            windows: try Value.integer(windows, "--windows", 1...1000) ?? 5, count: try Value.integer(count, "-n", 1...Int.max),
            batch: try Value.integer(batch, "--batch", 1...65536) ?? 256, roundTrip: rtt, sameProcess: sameProcess, payload: content,
            window: window)
    }

    /// `[3/5 posix-mq:temp] latency at 350k/s ━━━━━━━╸━━ 350k/s  p99 12µs  eta 0:21`
    static func line(_ progress: BenchProgress) -> String {
        let width = 10
        let done = Int(progress.share * Double(width * 2))
        let bar =
            String(repeating: "━", count: done / 2) + (done % 2 == 1 ? "╸" : "") + String(repeating: " ", count: width - (done + 1) / 2)
        let left = Int(progress.remaining.rounded(.up))
        let name = progress.name.count > 24 ? progress.name.prefix(23) + "…" : progress.name[...]
        let p99 = progress.p99.map { "  p99 \($0)" } ?? ""
        return
            "[\(progress.step)/\(progress.steps) \(name)] \(progress.phase) \(bar) \(Quantity.short(progress.messagesPerSecond))/s\(p99)  eta "
            + "\(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60)"
    }
}

/// A worker of a benchmark, started by `mq bench` with its pipes in place.
struct BenchWorker: Verb {
    static let configuration = CommandConfiguration(commandName: "__bench-worker", shouldDisplay: false)

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "moved", drawsProgress: false))
        try WorkerServer.runProcess(stop: stop) { text throws(TransportError) in try ResolvedAddress(text, options: []).transport() }
        return .success
    }
}
