import ArgumentParser
import MQCore

struct RedriveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "redrive", _superCommandName: "mq",
        abstract: "Move dead letters back to where they failed, and print how many there were.",
        usage: "mq redrive <address> [<option> ...]",
        discussion: "The broker moves them. Interrupted, it stops in good order, and the number printed is of those that were moved.")

    @Argument(help: ArgumentHelp("The dead-letter queue.", valueName: "address"))
    var address: String

    @Option(help: ArgumentHelp("Move them there instead.", valueName: "address"))
    var to: String?

    @Option(help: ArgumentHelp("Move at most that many messages a second: 100, 2.5k.", valueName: "rate"))
    var rate: String?

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try Administration.resolve(address, shared)
        try resolved.require(.redrive, for: "move dead letters", instead: "mq recv FROM -J | mq send TO -J moves messages")
        let plan = try Self.plan(resolved, to: to, rate: rate)
        let stop = StopFlag()
        let counters = Counters()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: counters, verb: "moved", drawsProgress: false))
        let admin = try Administration.open(resolved, console, stop: stop)
        return try Self.run(plan, admin, stop, counters, console)
    }

    static func plan(_ source: ResolvedAddress, to: String?, rate: String?) throws(TransportError) -> Redrive {
        var plan = Redrive()
        if let rate = try Value.rate(rate, "--rate") { plan.rate = max(1, Int(min(rate.rounded(), 1e9))) }
        guard let to else { return plan }
        let destination = try ResolvedAddress(to, options: [])
        guard destination.descriptor.name == source.descriptor.name else {
            throw TransportError(
                .usage, "--to \(destination.address.short): the broker moves messages to queues of its own only",
                hint: "mq recv FROM -J | mq send TO -J moves them to another kind")
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
