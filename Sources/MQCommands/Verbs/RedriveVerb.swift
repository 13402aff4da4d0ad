import MQCore

struct RedriveVerb: Verb {
    static let table = VerbTable(
        "redrive", .queues, .changes, "Move dead letters back to where they failed, and print how many there were.",
        description: [
            .text("The broker moves them. If interrupted, it stops cleanly; the number printed is how many were moved.")
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "The dead-letter queue.")],
        sections: [
            VerbTable.Section("Moving", [to, .rate.saying("Move at most RATE messages per second: 100, 2.5k.")])
        ],
        examples: [
            VerbTable.Example("At a rate that their consumer can bear:", "mq redrive sqs:jobs-dead --rate 100"),
            VerbTable.Example("To a queue of your choice:", "mq redrive sqs:jobs-dead --to sqs:jobs-repaired"),
        ],
        statuses: ExitStatus.ofQueues)

    static let to = Flag("to", nil, .address, help: "Move them to ADDRESS instead.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try Administration.resolve(words)
        let address = ShellWord.quoted(words.word("ADDRESS")!)
        try resolved.require(.redrive, for: "move dead letters", instead: "mq recv \(address) -J | mq send TO -J moves messages")
        let plan = try Self.plan(resolved, to: words.text(Self.to), rate: words.rate(.rate))
        let stop = StopFlag()
        let counters = Counters()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: counters, verb: "moved", drawsProgress: false))
        let admin = try Administration.open(resolved, console, stop: stop)
        return try Self.run(plan, admin, stop, counters, console)
    }

    static func plan(_ source: ResolvedAddress, to: String?, rate: Double?) throws(TransportError) -> Redrive {
        var plan = Redrive()
        if let rate { plan.rate = max(1, Int(min(rate.rounded(), 1e9))) }
        guard let to else { return plan }
        let destination = try ResolvedAddress(to, options: [])
        guard destination.descriptor.name == source.descriptor.name else {
            throw TransportError(
                .usage, "--to \(destination.address.short): the broker moves messages to queues of its own only",
                hint: "mq recv \(ShellWord.quoted(source.address.short)) -J | mq send \(ShellWord.quoted(to)) -J moves them to another kind"
            )
        }
        if destination.address.short == source.address.short {
            throw TransportError(.usage, "--to is the queue that messages come from")
        }
        plan.destination = destination.address.text
        return plan
    }

    static func run(
        _ plan: Redrive, _ admin: any Admin, _ stop: StopFlag, _ counters: Counters, _ console: Console
    ) throws(TransportError) -> Ending {
        var moved = 0
        let last: RedriveProgress
        do throws(TransportError) {
            last = try admin.redrive(plan, stop: stop) { progress in
                counters.add(messages: max(0, progress.moved - moved), bytes: 0)
                moved = max(moved, progress.moved)
                if console.showsProgress { console.progress(line(progress, since: counters.start)) }
            }
        } catch {
            var error = error
            if moved > 0 { error.details.append("\(Quantity.count(moved, "message")) moved before that") }
            throw error
        }
        console.endProgress()
        try Results.print("\(last.moved)\n")
        return stop.reason?.signal.map { .signal($0) } ?? .success
    }

    private static func line(_ progress: RedriveProgress, since start: UInt64) -> String {
        let total = progress.total.map { " of \(Quantity.grouped($0))" } ?? ""
        let seconds = Double(Deadline.now() - start) / 1e9
        let rate = seconds > 0 ? Double(progress.moved) / seconds : 0
        return "mq: moved \(Quantity.grouped(progress.moved))\(total)  \(Quantity.short(rate))/s"
    }
}
