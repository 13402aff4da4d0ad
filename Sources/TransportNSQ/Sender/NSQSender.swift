internal import MQCore
internal import Synchronization

/// Publishes in MPUBs, up to four of them unanswered on each connection.
final class NSQSender: Sender {
    private let fleet: Fleet<SendCrew>
    private let packing: Packing
    private let limits: Limits
    /// What nsqd says of itself, where the address does not.
    private let asked: MessageLimit?
    /// Keeps the topic of `nsq:temp`.
    private let temporary: TemporaryTopic?

    /// What the address says that nsqd takes (nsqd -max-msg-size, -max-body-size).
    struct Limits: Sendable {
        var message: Int?
        var body: Int?

        static let standardMessage = 1 << 20
        static let standardBody = 5 << 20
        /// No nsqd has a limit below this: smaller messages need not wait for it to be known.
        static let harmless = 1024
    }

    init(_ fleet: Fleet<SendCrew>, packing: Packing, limits: Limits, asked: MessageLimit?, temporary: TemporaryTopic?) {
        (self.fleet, self.packing, self.limits, self.asked, self.temporary) = (fleet, packing, limits, asked, temporary)
    }

    deinit { fleet.disband() }

    var maximumMessageSize: Int? {
        // An MPUB of one message adds its count and its length.
        min(limits.message ?? asked?.value() ?? Limits.standardMessage, limits.body.map { max(1, $0 - 8) } ?? .max)
    }
    /// nsqd answers an empty message by closing the connection.
    var acceptsEmptyMessages: Bool { false }

    private(set) var confirmed = 0
    var inDoubt: Int { fleet.crew.withLock { $0.unconfirmed } }

    var obstacle: TransportError {
        let hasLink = fleet.crew.withLock { !$0.links.isEmpty }
        return (hasLink ? nil : fleet.trouble) ?? TransportError(.tryAgain, "nsqd does not answer")
    }

    var closingRemarks: [String] {
        let resent = fleet.crew.withLock { $0.resent }
        if resent == 0 { return [] }
        return ["\(Quantity.grouped(resent)) messages were sent again after a broken connection and may have arrived twice"]
    }

    func takeRejections() -> [Rejection] { fleet.crew.withLock { $0.takeRejections() } }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        var limit = Limits.harmless
        let hasProperties = batch.hasProperties
        for index in range {
            let size = batch.size(of: index)
            if size == 0 { return Refusal(index: index, error: TransportError(.unsendable, "nsq cannot carry an empty message")) }
            if size > limit { limit = maximumMessageSize! }
            if size > limit { return Refusal(index: index, error: tooLarge(size, limit)) }
            if hasProperties, let delay = batch.properties(of: index).delay, delay > Packing.maximumDelay {
                return Refusal(index: index, error: Self.tooLate(delay))
            }
        }
        return nil
    }

    private func tooLarge(_ size: Int, _ limit: Int) -> TransportError {
        let isKnown = limits.message == nil && limits.body == nil && asked?.value() != nil
        return .tooLarge(
            size, limit: limit,
            hint: isKnown ? "nsqd's -max-msg-size sets it" : "nsqd's -max-msg-size sets it, and max-message= says so here")
    }

    static func tooLate(_ delay: Duration) -> TransportError {
        TransportError(.unsendable, "nsq holds a message back for an hour at most, not \(Quantity.words(delay))")
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        let (fleet, packing, limits, asked) = (fleet, packing, limits, asked)
        fleet.attend()
        let (result, confirmed) = fleet.crew.withLock { crew in
            let result = Result { () throws(TransportError) in
                try crew.send(
                    batch, range, packing, limit: { limits.message ?? asked?.value() }, fleet, until: deadline, stop: stop)
            }
            return (result, crew.confirmed)
        }
        self.confirmed = confirmed
        return try result.get()
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        try attend { crew, fleet throws(TransportError) in try crew.flush(fleet, until: deadline, stop: stop) }
    }

    func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        try attend { crew, fleet throws(TransportError) in try crew.progress(fleet, until: deadline, stop: stop) }
    }

    /// Has the crew do something, and takes note of what is confirmed then, also where it failed.
    private func attend(
        _ body: @Sendable (inout SendCrew, Fleet<SendCrew>) throws(TransportError) -> Void
    ) throws(TransportError) {
        let fleet = fleet
        fleet.attend()
        let (result, confirmed) = fleet.crew.withLock { crew in
            let result = Result { () throws(TransportError) in try body(&crew, fleet) }
            return (result, crew.confirmed)
        }
        self.confirmed = confirmed
        try result.get()
    }
}
