import Glibc
import MQBench
import MQCore

struct Bench: Verb {
    static let table = VerbTable(
        "bench", .measuring, .changes, "Measure throughput and latency of queues, side by side.",
        forms: ["ADDRESS... [OPTION...]"],
        description: [
            .text(
                "Each address is measured in two phases: as fast as it goes, and at a steady rate (by default half of that, or less if this machine cannot keep it). Both ends are processes of their own. Latency is counted from when a message was due, not from when it could be sent. Every message carries a number, and what is lost, duplicated or out of order is counted exactly, order only where the queue promises it."
            ),
            .text("The name temp stands for a private queue: posix-mq:temp, sysv:temp, zmq:temp."),
        ],
        operands: [Operand("ADDRESS", .some, .address, help: "A queue to measure.")],
        sections: [
            VerbTable.Section("Load", [size, producers, consumers, batch, payload, sameProcess, rtt]),
            VerbTable.Section(
                "Phases",
                [
                    duration, warmup, windows, .count.saying("Send N messages in the throughput phase, instead of a duration."), window,
                    rate, slo,
                ]),
            VerbTable.Section("Results", BenchOutputs.flags),
        ],
        examples: [
            VerbTable.Example("Three kinds of queue side by side:", "mq bench posix-mq:temp sysv:temp zmq:temp"),
            VerbTable.Example("Sizes from 16 bytes to 64 KiB, as a page:", "mq bench zmq:temp -s 16:64k:x4 --html zmq.html"),
            VerbTable.Example("The highest rate that keeps an objective:", "mq bench posix-mq:temp --rate find --slo 'p99<5ms'"),
            VerbTable.Example("Round trips:", "mq bench posix-mq:temp --rtt"),
        ],
        statuses: [66, 69, 73, 75, 76, 77, 78],
        negative: "Some of the addresses could not be measured.")

    static let size = Flag(
        "size", "s", .text(), "SIZES", standard: "100", help: "Message sizes in bytes, at least 16: 100, or 16,1k,64k, or 16:64k:x4.")
    static let producers = Flag("producers", "p", .integer(1...100), standard: "1", help: "Run N producers at once.")
    static let consumers = Flag("consumers", "c", .integer(1...100), standard: "1", help: "Run N consumers at once.")
    static let rate = Flag(
        "rate", nil, .text(["auto", "50%", "max", "find"]), "RATE", standard: "auto",
        help:
            "Rate of the latency phase: messages per second, a share of the throughput, auto for 50% or the next lower share that can be kept, max for no such phase, or find."
    )
    static let slo = Flag("slo", nil, .text(), "OBJECTIVE", help: "With --rate find, what the rate must keep, such as 'p99<5ms'.")
    static let duration = Flag("duration", "d", phase(.milliseconds(10)), standard: "5s", help: "Length of each phase.")
    static let warmup = Flag("warmup", nil, phase(.zero), standard: "1s", help: "Discard the first DURATION of each phase.")
    static let windows = Flag(
        "windows", nil, .integer(1...1000), standard: "5", help: "Divide the throughput phase into N windows, whose median counts.")
    static let window = Flag(
        "window", nil, .text(["none"]), "N", standard: "10000, or 16 MiB if less",
        help: "Keep at most N messages under way in the throughput phase; none for no bound.")
    static let batch = Flag("batch", nil, .integer(1...65536), standard: "256", help: "Hand over N messages per call.")
    static let rtt = Flag("rtt", help: "Measure round trips: a message out, its answer back.")
    static let sameProcess = Flag("same-process", help: "Run both ends in one process, to see the difference.")
    static let payload = Flag(
        "payload", nil, .text(["random", "zero", "seq"]), "CONTENT", standard: "random",
        help: "What messages hold: random, zero, seq, or the contents of a file.")

    private static func phase(_ least: Duration) -> ValueKind { .duration(least ... .seconds(7 * 86_400)) }

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let choice = try RateChoice(parsing: words.text(Self.rate) ?? "auto")
        let objective = try words.text(Self.slo).map { text throws(TransportError) in try Objective(parsing: text) }
        guard (choice == .find) == (objective != nil) else {
            throw TransportError(.usage, "--rate find and --slo go together", hint: "--rate find --slo 'p99<5ms'")
        }
        let window = try words.text(Self.window).map { text throws(TransportError) in try WindowLimit(parsing: text) } ?? .standard
        let plan = try plan(window)
        // What would be ignored is refused: the report would say that it was done.
        let rtt = words.has(Self.rtt)
        if rtt && choice == .find { throw TransportError(.usage, "--rtt and --rate find do not go together") }
        if rtt && (plan.producers > 1 || plan.consumers > 1) {
            throw TransportError(.usage, "--rtt has one message under way: -p and -c do not go with it")
        }
        try outputs.check()
        let targets = try words.words("ADDRESS").map { text throws(TransportError) in
            let resolved = try ResolvedAddress(text, options: words.texts(.option))
            try resolved.require(.send, for: "send")
            try resolved.require(.receive, for: "receive")
            let transport = try resolved.transport()
            // What cannot be measured at all is said before anything is.
            do throws(TransportError) { _ = try transport.meetingPoint(named: "any") } catch {
                if error.code == .usage { throw error.about(resolved.address.short) }
            }
            return BenchTarget(text: text, transport: transport)
        }
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "measured", drawsProgress: false))
        let runner = BenchRunner(
            plan: plan, rate: choice, objective: objective, window: window, floor: try Self.floor(), stop: stop,
            resolve: { text throws(TransportError) in try ResolvedAddress(text, options: []).transport() },
            progress: { if console.showsProgress { console.progress(Self.line($0)) } })
        do throws(TransportError) {
            let report = try runner.run(targets, version: Build.version, label: outputs.label)
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

    private var outputs: BenchOutputs { BenchOutputs(words) }

    /// A queue within this process, whatever it is called.
    private static func floor() throws(TransportError) -> BenchTarget? {
        guard let descriptor = Registry.descriptors.first(where: { $0.capabilities.contains(.processLocal) }) else { return nil }
        let text = "\(descriptor.schemes[0]):temp"
        return BenchTarget(text: text, transport: try ResolvedAddress(text, options: []).transport())
    }

    private func plan(_ window: WindowLimit) throws(TransportError) -> BenchPlan {
        func seconds(_ flag: Flag, _ standard: Double) -> Double { words.duration(flag).map { Double($0.nanoseconds) / 1e9 } ?? standard }
        return BenchPlan(
            addresses: words.words("ADDRESS"), sizes: try SizeList.parse(words.text(Self.size) ?? "100"),
            producers: words.integer(Self.producers) ?? 1, consumers: words.integer(Self.consumers) ?? 1,
            rate: words.text(Self.rate) ?? "auto", objective: words.text(Self.slo), duration: seconds(Self.duration, 5),
            warmup: seconds(Self.warmup, 1), windows: words.integer(Self.windows) ?? 5, count: words.integer(.count),
            batch: words.integer(Self.batch) ?? 256, roundTrip: words.has(Self.rtt), sameProcess: words.has(Self.sameProcess),
            payload: words.text(Self.payload) ?? "random", window: window)
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
