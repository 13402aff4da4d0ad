import MQCore

/// A fixed schedule: message i is due at start + i / rate. A late one does not move those behind it.
struct Pace {
    private let interval: Double
    private let start = Deadline.now()
    private var sent = 0

    init(perSecond: Double) { interval = 1e9 / perSecond }

    /// How many messages are due now; when none is, `nextDue` says until when to sleep.
    func due() -> Int { max(0, Int(Double(Deadline.now() - start) / interval) + 1 - sent) }

    var nextDue: Deadline { Deadline(nanoseconds: start + UInt64(Double(sent) * interval)) }

    mutating func count(_ messages: Int) { sent += messages }
}
