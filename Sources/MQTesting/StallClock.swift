import MQCore

/// The pauses of one endpoint.
struct StallClock {
    let stall: Faults.Stall?
    private var next: UInt64?

    init(_ stall: Faults.Stall?) { self.stall = stall }

    /// Pauses when it is time.
    mutating func pass(_ stop: StopFlag) {
        guard let stall else { return }
        let now = Deadline.now()
        let due = next ?? now + stall.offset.nanoseconds
        next = due
        guard now >= due else { return }
        // From when it was due, so that no pause is longer for being noticed late.
        _ = Readiness.sleep(until: Deadline(nanoseconds: due + stall.length.nanoseconds), stop: stop)
        next = due + stall.period.nanoseconds
    }
}
