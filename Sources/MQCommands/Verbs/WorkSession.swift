import Glibc
import MQCore
import Synchronization

/// One run of a verb that works on messages: an intake whose work is the verb's own.
final class WorkSession {
    /// What a work is made with.
    struct Setting {
        let address: ResolvedAddress
        let console: Console
        /// Raised when the program is asked to end: nothing more comes, and what is under way may finish.
        let stop: StopFlag
        /// Ends the wait of the intake: something is to be collected.
        let turn: Turn
        let tally: Tally
    }

    private let intake: Intake
    private let setting: Setting
    private let work: any Work

    typealias Opener = (_ opening: Opening, _ transport: any Transport) throws(TransportError) -> any Receiver

    /// - Parameters:
    ///   - writes: standard output is the work's, so that no progress is drawn where it is a terminal.
    ///   - open: instead of trying for `--retry`.
    init(
        _ plan: WorkPlan, writes: Bool = false, console: Console, surroundings: Surroundings = Surroundings(),
        open: (Setting) -> Opener? = { _ in nil }, _ makeWork: (Setting) throws(TransportError) -> any Work
    ) throws(TransportError) {
        let (stop, turn, tally) = (StopFlag(), Turn(), Tally())
        setting = Setting(address: plan.address, console: console, stop: stop, turn: turn, tally: tally)
        work = try makeWork(setting)
        var persistence = plan.persistence
        let gate = Gate(turn)
        (persistence.gate, persistence.manager) = (gate, ServiceManager(turn) { tally.line })
        let rereadings = Rereadings()
        if surroundings.isWatched {
            var monitor = ProcessMonitor.Configuration(
                stop: stop, console: console, counters: tally.counters, verb: "done", turn: turn)
            monitor.drawsProgress = !writes || isatty(surroundings.output) == 0
            (monitor.summary, monitor.hurry, monitor.rereadings) = ({ tally.line }, persistence.hurry, rereadings)
            ProcessMonitor.start(monitor)
        }
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try plan.address.transport() }
        var elsewhere = surroundings.deadLetters
        if elsewhere == nil { elsewhere = try plan.deadLetters?.address?.transport() }
        // Who only looks moves nothing.
        let deadLetters =
            plan.peeks ? nil : plan.deadLetters.map { DeadLetters($0, transport: elsewhere, console: console, stop: stop) }
        var opening = Self.opening(plan, width: work.width, setting)
        opening.rereadings = rereadings
        let receiver: any Receiver
        if let open = open(setting) {
            receiver = try open(opening, transport)
        } else {
            receiver = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
                try transport.openReceiver(opening)
            }
        }
        if let place = plan.status {
            let running = RunningJobs()
            persistence.running = running
            try Self.serve(
                place, StatusReport(verb: plan.verb, address: plan.address.address.short, tally: tally, running: running, gate: gate),
                console)
        }
        plan.ready?.writeUnlessWritten(plan.address.address.short)
        try persistence.manager?.ready()
        persistence.end = .after(plan.maxTime)
        var limits = Intake.Limits()
        (limits.count, limits.drains, limits.grace, limits.persistence) = (plan.count, plan.drains, plan.grace, persistence)
        (limits.timeout, limits.peeks) = (plan.timeout, plan.peeks)
        limits.window = Intake.window(work.width, plan.address, peeks: plan.peeks)
        intake = Intake(
            receiver, of: plan.address, limits, for: work, deadLetters: deadLetters,
            putBack: PutBack(plan.address, transport, console: console), tally: tally, turn: turn, stop: stop, console: console)
    }

    private static func serve(_ place: StatusAddress, _ report: StatusReport, _ console: Console) throws(TransportError) {
        let server = try StatusServer(place, report)
        try server.start()
        console.note("status at \(server.url)")
    }

    private static func opening(_ plan: WorkPlan, width: Int?, _ setting: Setting) -> Opening {
        var opening = Opening(stop: setting.stop)
        let words = Endpoints.notices(console: setting.console, ready: plan.ready)
        opening.notices = Notices { [tally = setting.tally] notice in
            if case .connection(let event) = notice, event.kind == .restored { tally.restored.add(1, ordering: .relaxed) }
            words(notice)
        }
        opening.mode = plan.peeks ? .peek : .consume
        // Nothing waits here with its time running: no more is taken than is worked on.
        opening.prefetch = [plan.count, width].compactMap { $0 }.min()
        opening.total = plan.count ?? .max
        opening.retry = plan.retry
        opening.endsWhenEmpty = plan.drains || plan.timeout == .zero
        return opening
    }

    func run() throws(TransportError) -> Ending {
        defer {
            setting.console.endProgress()
            setting.console.note(setting.tally.line)
        }
        var (ending, failure) = (Ending.success, TransportError?.none)
        do throws(TransportError) { ending = try intake.run() } catch { failure = error }
        do throws(TransportError) { try work.close() } catch { failure = failure ?? error }
        if let failure { throw failure }
        return ending
    }
}
