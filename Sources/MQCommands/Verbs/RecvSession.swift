import MQCore

/// One run of `mq recv`: an intake whose work is standard output, or files.
final class RecvSession {
    struct Plan {
        var presentation: Presentation
        var frames: FrameOutput?
        var sequence: SequencePlace?
        var count: Int?
        var drains: Bool
        var peeks: Bool
        var untilClosed: Bool
        var timeout: Duration?
        var ack: AckTime
        var prefetch: Int?
        var retry: Duration?
        var isStrict: Bool
        var isRaw: Bool
        var folder: String?
        var files: FileSink.Plan?
        var deadLetters: DeadLetters.Plan?
        var ready: ReadyLine?
    }

    private let intake: Intake
    private let watch: SequenceWatch?

    init(
        plan: Plan, address: ResolvedAddress, console: Console, surroundings: Surroundings = Surroundings()
    ) throws(TransportError) {
        let (stop, turn, counters) = (StopFlag(), Turn(), Counters())
        let hangups = plan.files.map { _ in Hangups(turn) }
        let output = plan.files == nil && plan.folder == nil ? OutputStream(surroundings.output) : nil
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try address.transport() }
        var work: any Work
        if var files = plan.files, let hangups {
            files.dividesQueues = files.file.name.namesQueue && transport.mixesQueues
            let sink = try FileSink(
                files, plan.presentation, queue: address.address.short, isStrict: plan.isStrict, mayHaveFrames: Self.mayHaveFrames(address),
                frames: plan.frames, console: console)
            work = FileWork(sink, hangups)
        } else {
            work = try OutputWork(
                Self.sink(plan, output, address, console), to: output, plan.presentation, peeks: plan.peeks, stop: stop, console: console)
        }
        watch = plan.sequence.map { SequenceWatch($0, console: console) }
        if let watch { work = WatchedWork(work, watch) }
        let rereadings = Rereadings()
        if surroundings.isWatched {
            ProcessMonitor.start(
                ProcessMonitor.Configuration(
                    stop: stop, console: console, watchesOutput: output != nil, counters: counters, verb: "received",
                    drawsProgress: output.map { !($0.isTerminal || $0.isPipe) } ?? true, turn: turn, hangups: hangups,
                    rereadings: rereadings))
        }
        var elsewhere = surroundings.deadLetters
        if elsewhere == nil { elsewhere = try plan.deadLetters?.address?.transport() }
        let deadLetters = plan.deadLetters.map { DeadLetters($0, transport: elsewhere, console: console, stop: stop) }
        var opening = Self.opening(plan, address, width: work.width, stop: stop, console: console)
        opening.rereadings = rereadings
        let receiver = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openReceiver(opening)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
        let limits = Intake.Limits(
            count: plan.count, timeout: plan.timeout, drains: plan.drains, peeks: plan.peeks, ack: plan.ack,
            window: Intake.window(plan.prefetch, address, peeks: plan.peeks))
        intake = Intake(
            receiver, of: address, limits, for: work, deadLetters: deadLetters, tally: Tally(counters), turn: turn, stop: stop,
            console: console)
    }

    private static func sink(
        _ plan: Plan, _ output: OutputStream?, _ address: ResolvedAddress, _ console: Console
    ) throws(TransportError) -> any MessageSink {
        guard let output else {
            return try FolderWriter(plan.folder!, mayHaveFrames: mayHaveFrames(address), warn: { console.warn($0) })
        }
        return RecordWriter(
            plan.presentation, to: output, queue: address.address.short, raw: plan.isRaw, isStrict: plan.isStrict,
            mayHaveFrames: mayHaveFrames(address), frames: plan.frames, warn: { console.warn($0) })
    }

    private static func mayHaveFrames(_ address: ResolvedAddress) -> Bool { address.descriptor.capabilities.contains(.frames) }

    private static func opening(
        _ plan: Plan, _ address: ResolvedAddress, width: Int?, stop: StopFlag, console: Console
    ) -> Opening {
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.mode = plan.peeks ? .peek : .consume
        // What a transport takes ahead of a counted run may be lost with it; what nobody has room for waits in vain.
        opening.prefetch = plan.prefetch ?? [plan.count, width].compactMap { $0 }.min()
        opening.total = plan.count ?? .max
        opening.retry = plan.retry
        opening.endsWithLastSender = plan.untilClosed
        opening.endsWhenEmpty = plan.drains || plan.timeout == .zero
        opening.deadline = .after(Intake.patience(plan.timeout, address))
        return opening
    }

    func run() throws(TransportError) -> Ending {
        defer { watch?.sum() }
        return try intake.run()
    }
}
