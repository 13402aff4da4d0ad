import MQCore

/// What the mock itself is told at run time, beside the protocol of the broker: `POST /mq/faults`, `POST /mq/clock`.
enum StandInControl {
    /// - Parameter apply: sets the faults.
    /// - Returns: a status of HTTP and the text of the reply.
    static func answer(
        _ method: String, _ path: String, _ body: String, faults: StandInFaults, apply: (StandInFaults) -> Void
    ) -> (status: Int, text: String) {
        let text = body.split(whereSeparator: \.isWhitespace).joined()
        switch (method, path) {
        case ("GET", "/mq/faults"): return (200, faults.text + "\n")
        case ("POST", "/mq/faults"):
            do {
                let faults = try StandInFaults(parsing: text)
                apply(faults)
                return (200, faults.text + "\n")
            } catch {
                return (400, "\(error)\n")
            }
        case ("GET", "/mq/clock"): return (200, "\(Timestamp.text(wallNanoseconds()))\n")
        case ("POST", "/mq/clock"):
            guard StandInClock.isVirtual else { return (409, "the clock is the machine's; --clock virtual takes it over\n") }
            guard let duration = Quantity.duration(text.hasPrefix("advance=") ? String(text.dropFirst(8)) : text) else {
                return (400, "'\(text)' is not a duration\n")
            }
            StandInClock.advance(duration.loopbackNanoseconds)
            return (200, "\(Timestamp.text(wallNanoseconds()))\n")
        default: return (404, "there are /mq/faults and /mq/clock\n")
        }
    }
}
