internal import Glibc
internal import MQCore

/// Publishes in MPUBs, up to four of them unanswered on each connection.
final class NSQSender: Sender {
    private let fleet: SendFleet
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
    }

    /// No nsqd has a limit below this: smaller messages need not wait for it to be known.
    private static let harmlessSize = 1024

    init(_ fleet: SendFleet, packing: Packing, limits: Limits, asked: MessageLimit?, temporary: TemporaryTopic?) {
        (self.fleet, self.packing, self.limits, self.asked, self.temporary) = (fleet, packing, limits, asked, temporary)
    }

    deinit { fleet.disband() }

    var maximumMessageSize: Int? {
        // An MPUB of one message adds its count and its length.
        min(limits.message ?? asked?.value() ?? Limits.standardMessage, limits.body.map { max(1, $0 - 8) } ?? .max)
    }
    /// nsqd answers an empty message by closing the connection.
    var acceptsEmptyMessages: Bool { false }

    var confirmed: Int { locked { $0.confirmed } }
    var inDoubt: Int { locked { $0.unconfirmed } }

    var obstacle: TransportError {
        locked { fleet in
            guard fleet.links.isEmpty else { return TransportError(.tryAgain, "nsqd does not answer") }
            return fleet.lastError ?? TransportError(.unreachable, "no nsqd is there", isRetriable: true)
        }
    }

    var closingRemarks: [String] {
        let resent = locked { $0.resent }
        if resent == 0 { return [] }
        return ["\(Quantity.grouped(resent)) messages were sent again after a broken connection and may have arrived twice"]
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        var limit = Self.harmlessSize
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
        return TransportError(
            .unsendable, "\(size) bytes exceed this queue's limit of \(limit) bytes",
            hint: isKnown ? "nsqd's -max-msg-size sets it" : "nsqd's -max-msg-size sets it, and max-message= says so here")
    }

    static func tooLate(_ delay: Duration) -> TransportError {
        TransportError(.unsendable, "nsq holds a message back for an hour at most, not \(Quantity.words(delay))")
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        enter()
        defer { leave() }
        var next = range.lowerBound
        while true {
            try fleet.work()
            while next < range.upperBound, let takers = fleet.takers() {
                let parcel = fleet.freshParcel()
                next += packing.fill(parcel, from: batch, next..<range.upperBound)
                fleet.dispatch(parcel, to: takers)
            }
            // All of it is with the kernel before the owner goes back to its input.
            if next == range.upperBound && !fleet.hasOutput { break }
            guard case .ready = wait(until: deadline, stop: stop) else { break }
        }
        return next - range.lowerBound
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        enter()
        defer { leave() }
        while true {
            try fleet.work()
            if fleet.isIdle { return }
            switch wait(until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: throw unconfirmed("interrupted")
            case .deadlinePassed: throw unconfirmed("no answer in time")
            }
        }
    }

    private func unconfirmed(_ why: String) -> TransportError {
        TransportError(
            .tryAgain, "\(why): \(Quantity.grouped(fleet.unconfirmed)) messages are not confirmed by nsqd",
            hint: "--timeout says how long to wait")
    }

    private func wait(until deadline: Deadline, stop: StopFlag) -> Readiness {
        fleet.wait(until: deadline, stop: stop) { link in
            (link.outstanding.isEmpty ? 0 : Int32(POLLIN)) | (link.connection.hasOutput ? Int32(POLLOUT) : 0)
        }
    }

    private func enter() {
        fleet.lock()
        fleet.ownerIsInside = true
        fleet.startAttendant()
    }

    private func leave() {
        fleet.ownerIsInside = false
        fleet.unlock()
    }

    private func locked<Result>(_ body: (SendFleet) -> Result) -> Result {
        fleet.lock()
        defer { fleet.unlock() }
        return body(fleet)
    }
}
