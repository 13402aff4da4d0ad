import MQCore

final class FaultySender: Sender {
    private let base: any Sender
    private let faults: Faults
    private let record: FaultRecord
    private var stalls: StallClock
    private var toll: Toll
    private var output = Batch()
    /// Messages from the first on.
    private var number = 0
    /// The one that waits for its successor to overtake it.
    private var held: [UInt8]?

    init(_ base: any Sender, _ faults: Faults, _ record: FaultRecord) {
        (self.base, self.faults, self.record) = (base, faults, record)
        stalls = StallClock(faults.senderStall)
        toll = Toll(faults.sendTime)
    }

    var maximumMessageSize: Int? { base.maximumMessageSize }
    /// Accepted, and everything up to there flushed.
    private var accepted = 0
    private var flushed = 0
    private var rejections: [Rejection] = []
    var confirmed: Int { max(flushed, accepted - faults.confirmLag) }

    func takeRejections() -> [Rejection] {
        // Those of messages that are not confirmed yet are not known yet.
        let known = rejections.prefix { $0.position < confirmed }
        rejections.removeFirst(known.count)
        return Array(known)
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? { base.refusal(in: batch, range) }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        stalls.pass(stop)
        toll.pay(range.count, stop)
        if faults.callTime > .zero { _ = Readiness.sleep(until: .after(faults.callTime), stop: stop) }
        for index in range {
            if faults.breakAt > 0 && number + 1 >= faults.breakAt {
                try pass(until: deadline, stop)
                throw TransportError(.unreachable, "connection closed by peer")
            }
            take(batch.bytes(of: index), batch.properties(of: index))
            accepted += 1
        }
        try pass(until: deadline, stop)
        return range.count
    }

    private func take(_ message: UnsafeRawBufferPointer, _ properties: MessageProperties) {
        number += 1
        func isTurn(_ every: Int) -> Bool { every > 0 && number % every == 0 }
        if isTurn(faults.dropEvery) { return record.note { $0.dropped += 1 } }
        if isTurn(faults.swapEvery) && held == nil {
            held = Array(message)
            return
        }
        if isTurn(faults.rejectEvery) {
            rejections.append(Rejection(position: number - 1, error: TransportError(.unsendable, "refused by the broker")))
            return record.note { $0.rejected += 1 }
        }
        output.append(message)
        if properties != MessageProperties() { output.setProperties(properties) }
        if isTurn(faults.duplicateEvery) {
            output.append(message)
            record.note { $0.duplicated += 1 }
        }
        if let late = held {
            output.append(late)
            held = nil
            record.note { $0.swapped += 1 }
        }
    }

    /// Hands over what is ready. What does not fit by the deadline is lost with the run: a stand-in is never asked to resume.
    private func pass(until deadline: Deadline, _ stop: StopFlag) throws(TransportError) {
        var sent = 0
        while sent < output.count && !stop.isRaised {
            sent += try base.send(output, sent..<output.count, until: deadline, stop: stop)
            if deadline.hasPassed && sent < output.count { throw base.obstacle }
        }
        output.removeAll()
    }

    /// The last message has no successor: it comes in its order.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        if let late = held { output.append(late) }
        held = nil
        try pass(until: deadline, stop)
        try base.flush(until: deadline, stop: stop)
        flushed = accepted
    }

    /// Whoever waits for what lags behind learns of it.
    func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        try base.progress(until: deadline, stop: stop)
        flushed = accepted
    }

    var closingRemarks: [String] { base.closingRemarks }
}
