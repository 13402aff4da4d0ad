import Glibc
import MQCore

/// Opening an endpoint with patience, and what both directions report when it is open.
enum Endpoints {
    /// Opens, and tries again with exponential back-off and jitter while `retry` lasts and the error is one that time may heal.
    static func open<Endpoint>(
        retry: Duration?, opening: Opening, console: Console,
        _ attempt: (Opening) throws(TransportError) -> Endpoint
    ) throws(TransportError) -> Endpoint {
        let end = Deadline.after(retry ?? .zero)
        var pause = 0.05
        while true {
            do throws(TransportError) {
                return try attempt(opening)
            } catch {
                let mayHeal = error.isRetriable || error.code == .noSuchQueue || error.code == .unreachable
                guard retry != nil, mayHeal, !end.hasPassed, !opening.stop.isRaised else { throw error }
                console.detail("\(error.message); trying again")
                let wait = Deadline.after(.nanoseconds(Int64(pause * Double.random(in: 0.5...1) * 1e9)))
                if case .stopped = Readiness.sleep(until: wait.earlier(end), stop: opening.stop) { throw error }
                pause = min(pause * 2, 5)
            }
        }
    }

    /// Turns notices into lines; remembers whether an endpoint was reported on `readyDescriptor`.
    static func notices(console: Console, readyDescriptor: CInt?) -> Notices {
        Notices { notice in
            switch notice {
            case .listening(let endpoint):
                console.note("listening on \(endpoint)")
                if let readyDescriptor { announce(endpoint, on: readyDescriptor) }
            case .warning(let text): console.warn(text)
            case .detail(let text): console.detail(text)
            }
        }
    }

    /// One line on a descriptor that a script reads.
    static func announce(_ text: String, on descriptor: CInt) {
        let line = Array("\(text)\n".utf8)
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The value of `--ready-fd`.
    /// - Throws: `usage` for a descriptor that is not open, before anything is opened.
    static func readyDescriptor(_ text: String?) throws(TransportError) -> CInt? {
        guard let number = try Value.integer(text, "--ready-fd", 0...Int(CInt.max)) else { return nil }
        if fcntl(CInt(number), F_GETFD) < 0 {
            throw TransportError(.usage, "--ready-fd \(number): that descriptor is not open", hint: "mq … --ready-fd 3 3>FILE")
        }
        return CInt(number)
    }
}
