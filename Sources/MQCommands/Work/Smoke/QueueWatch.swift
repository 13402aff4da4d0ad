import MQCore

/// Asks about one queue again and again until all conditions hold.
struct QueueWatch: Sendable {
    /// One answer may take so long, or else the question is asked anew.
    private static let patience = Duration.seconds(5)
    private static let firstPatience = Duration.milliseconds(500)
    private static let shortestPause = 0.005
    private static let longestPause = 1.0
    /// Questions that cost nothing are asked so often that the answer is late by less than a person or a script notices.
    private static let cheapPause = 0.025
    /// The part of the time that asking may take.
    private static let share = 0.05

    let address: ResolvedAddress
    let conditions: [QueueCondition]
    /// How often in a row they must hold; `nil` is what the transport's numbers need.
    let readings: Int?

    /// - Returns: the last reason why they do not hold; `nil` when they do.
    /// - Throws: what waiting does not mend: `usage`, `unsupported`, `configuration`.
    func run(until deadline: Deadline, stop: StopFlag, console: Console) throws(TransportError) -> String? {
        let transport = try address.transport()
        let needed = readings ?? (conditions.contains(where: \.needsStatus) ? address.descriptor.steadyReadings : 1)
        var (pause, held, last, isFirst) = (Self.shortestPause, 0, "", true)
        while true {
            let start = Deadline.now()
            // However little is asked for, the first look has the time that an answer takes.
            let limit = isFirst ? Deadline(nanoseconds: max(deadline.nanoseconds, start + Self.firstPatience.nanoseconds)) : deadline
            isFirst = false
            let reason = try ask(transport, until: limit, stop: stop)
            let cost = Double(Deadline.now() - start) / 1e9
            if let reason {
                // An answer that did not come in the little time that was left says less than the one before it.
                if !(stop.isRaised || deadline.hasPassed) || last.isEmpty {
                    if reason != last { console.detail("\(address.address.short): \(reason)") }
                    last = reason
                }
                held = 0
            } else {
                held += 1
                if held >= needed { return nil }
            }
            if stop.isRaised || deadline.hasPassed { return last.isEmpty ? "not for long enough" : last }
            let wait = Deadline.after(.nanoseconds(Int64(pause * Double.random(in: 0.7...1) * 1e9))).earlier(deadline)
            if case .stopped = Readiness.sleep(until: wait, stop: stop) { return last }
            pause = min(pause * 1.5, max(Self.cheapPause, min(cost / Self.share, Self.longestPause)))
        }
    }

    /// One look.
    private func ask(_ transport: any Transport, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> String? {
        var opening = Opening(stop: stop)
        opening.deadline = deadline.earlier(.after(Self.patience))
        opening.triesOnce = true
        let now = WallClock.now()
        if conditions.contains(.up) {
            let reading = try Self.reading { () throws(TransportError) in
                _ = try transport.probe(opening)
                return .answers
            }
            if let reason = try QueueCondition.up.obstacle(reading, now: now) { return reason }
        }
        guard conditions.contains(where: \.needsStatus) else { return nil }
        let reading = try Self.reading { () throws(TransportError) in .status(try transport.openAdmin(opening).status()) }
        for condition in conditions where condition.needsStatus {
            if let reason = try condition.obstacle(reading, now: now) { return reason }
        }
        return nil
    }

    private static func reading(_ look: () throws(TransportError) -> QueueReading) throws(TransportError) -> QueueReading {
        do throws(TransportError) {
            return try look()
        } catch {
            switch error.code {
            case .usage, .unsupported, .configuration: throw error
            case .noSuchQueue: return .missing(error)
            default: return .unknown(error)
            }
        }
    }
}
