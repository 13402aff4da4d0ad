import MQCore

/// One run of `mq proxy`.
final class ProxySession {
    struct Plan {
        let front: ResolvedAddress
        let back: ResolvedAddress
        var capture: Capture?
        var grace = Duration.seconds(5)
        var retry: Duration?
        var ready: ReadyLine?
        var status: StatusAddress?
    }

    enum Capture {
        case file(String)
        case queue(ResolvedAddress)

        var name: String { "the capture\(isFile ? " file" : "") \(subject)" }

        var subject: String {
            switch self {
            case .file(let path): path
            case .queue(let address): address.address.short
            }
        }

        private var isFile: Bool { if case .file = self { true } else { false } }
    }

    private let plan: Plan
    private let console: Console
    private let (stop, hurry, turn) = (StopFlag(), StopFlag(), Turn())
    private let missed: MissedMessages?

    init(_ plan: Plan, console: Console) {
        (self.plan, self.console) = (plan, console)
        missed = plan.capture.map { _ in MissedMessages() }
    }

    func run() throws(TransportError) -> Ending {
        let (tally, gate, rereadings) = (Tally(), Gate(turn), Rereadings())
        let words = Slate()
        let line = { @Sendable in words.line ?? "nothing moved so far" }
        var monitor = ProcessMonitor.Configuration(stop: stop, console: console, counters: tally.counters, verb: "moved", turn: turn)
        (monitor.summary, monitor.hurry, monitor.rereadings) = (line, hurry, rereadings)
        ProcessMonitor.start(monitor)
        let manager = ServiceManager(turn, status: line)

        var opening = Opening(stop: stop)
        (opening.notices, opening.rereadings) = (Endpoints.notices(console: console, ready: plan.ready), rereadings)
        let tap = try openTap(opening)
        let front = try plan.front.transport()
        let back = try TransportError.naming(plan.back.address.short) { () throws(TransportError) in try plan.back.transport() }
        let relay = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try front.openRelay(to: back, opening)
        }
        words.write(ProxyWords(counters: relay.counters, missed: missed))
        tally.present { [words] _, _ in words.figures }
        try serve(tally, gate)
        plan.ready?.writeUnlessWritten(plan.front.address.short)
        try manager?.ready()
        defer {
            console.endProgress()
            console.note(line())
        }
        try move(relay, tap, gate, manager)
        manager?.stopping()
        finish(relay, tap)
        return stop.reason?.signal.map { .signal($0) } ?? .success
    }

    private func openTap(_ opening: Opening) throws(TransportError) -> ProxyTap? {
        guard let capture = plan.capture, let missed else { return nil }
        var opening = opening
        // The ready line is about the proxy.
        opening.notices = Endpoints.notices(console: console)
        let target: any ProxyCapture = try TransportError.naming(capture.subject) { () throws(TransportError) in
            switch capture {
            case .file(let path): try CaptureFile(path)
            case .queue(let address): CaptureSocket(try address.transport().openSender(opening), stop: stop)
            }
        }
        return ProxyTap(target, named: capture.name, missed, console)
    }

    private func serve(_ tally: Tally, _ gate: Gate) throws(TransportError) {
        guard let place = plan.status else { return }
        let address = "\(plan.front.address.short) \(plan.back.address.short)"
        let server = try StatusServer(
            place, StatusReport(verb: "proxy", address: address, tally: tally, running: RunningJobs(), gate: gate))
        try server.start()
        console.note("status at \(server.url)")
    }

    /// Until the program is asked to end.
    private func move(_ relay: any Relay, _ tap: ProxyTap?, _ gate: Gate, _ manager: ServiceManager?) throws(TransportError) {
        while !stop.isRaised {
            turn.begin()
            manager?.beat()
            if stop.isRaised { return }
            if gate.isClosed {
                _ = Readiness.sleep(until: .never, stop: turn.flag)
            } else {
                try relay.run(tap, stop: turn.flag)
            }
        }
    }

    /// What was taken is delivered, or said.
    private func finish(_ relay: any Relay, _ tap: ProxyTap?) {
        let end = Deadline.after(plan.grace)
        do throws(TransportError) { try relay.finish(tap, until: end, stop: hurry) } catch { console.warn(error.sentence) }
        tap?.close(until: end, stop: hurry)
    }
}
