import Glibc
import MQCore
import Synchronization

/// Opening an endpoint with patience, and what both directions report when it is open.
enum Endpoints {
    /// Opens, and tries again with exponential back-off and jitter while `retry` lasts and the error is one that time may heal.
    /// A signal meanwhile ends the program by that signal, unless the caller holds messages that it has to give back first.
    static func open<Endpoint>(
        retry: Duration?, opening: Opening, console: Console, holdsMessages: Bool = false,
        _ attempt: (Opening) throws(TransportError) -> Endpoint
    ) throws(TransportError) -> Endpoint {
        let end = Deadline.after(retry ?? .zero)
        var pause = 0.05
        while true {
            do throws(TransportError) {
                return try attempt(opening)
            } catch {
                let mayHeal = error.isRetriable || error.code == .noSuchQueue || error.code == .unreachable
                let goesOn = retry != nil && mayHeal && !end.hasPassed && !opening.stop.isRaised
                if goesOn {
                    console.detail("\(error.message); trying again")
                    let wait = Deadline.after(.nanoseconds(Int64(pause * Double.random(in: 0.5...1) * 1e9)))
                    _ = Readiness.sleep(until: wait.earlier(end), stop: opening.stop)
                    pause = min(pause * 2, 5)
                }
                // Who is asked to leave while it waits for an answer has nothing in hand, and nothing failed.
                if !holdsMessages, let signal = opening.stop.reason?.signal { leave(by: signal, console) }
                if !goesOn || opening.stop.isRaised { throw error }
            }
        }
    }

    static func leave(by signal: CInt, _ console: Console) -> Never {
        console.endProgress()
        ExitCleanup.runAll()
        ProcessMonitor.die(of: signal)
    }

    /// Turns notices into lines, and an endpoint into the ready line.
    static func notices(console: Console, ready: ReadyLine? = nil) -> Notices {
        Notices { notice in
            switch notice {
            case .listening(let endpoint):
                console.note("listening on \(endpoint)") { json in
                    json.member("event", "listening")
                    json.member("endpoint", endpoint)
                }
                ready?.write(endpoint)
            case .warning(let text): console.warn(text)
            case .note(let text): console.note(text)
            case .detail(let text): console.detail(text)
            case .connection(let event): say(event, console)
            }
        }
    }

    /// A sentence for people; for programs the same with its parts.
    private static func say(_ event: ConnectionEvent, _ console: Console) {
        let fields = { (json: inout JSONText) in
            json.member("event", event.kind.rawValue)
            for (key, value) in [
                ("endpoint", event.endpoint), ("peer", event.peer), ("peer_type", event.peerType), ("reason", event.reason),
            ] {
                if let value { json.member(key, value) }
            }
        }
        if event.isWarning { console.warn(event.sentence, fields: fields) } else { console.detail(event.sentence, fields: fields) }
    }

}
