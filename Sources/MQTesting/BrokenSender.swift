import MQCore

/// Breaks one promise of a sender; what it does not break passes as it is.
final class BrokenSender: Sender {
    private let base: any Sender
    private let fault: Fault

    init(_ base: any Sender, _ fault: Fault) { (self.base, self.fault) = (base, fault) }

    var maximumMessageSize: Int? { base.maximumMessageSize }
    var confirmed: Int { fault == .forgetsToConfirm ? 0 : base.confirmed }
    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        fault == .refusesNothing ? nil : base.refusal(in: batch, range)
    }
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try base.flush(until: deadline, stop: stop) }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        let (seen, bound) = fault.bounds(deadline, stop)
        let count = try base.send(batch, range, until: bound, stop: seen)
        if fault == .dirtiesTheBuffer {
            for index in range.prefix(min(count, 2)) { (batch.start(of: index) - 1).storeBytes(of: 1, as: UInt8.self) }
        }
        if fault == .duplicates && count > 0 {
            _ = try base.send(batch, range.lowerBound..<range.lowerBound + 1, until: .immediately, stop: seen)
        }
        return count
    }
}

extension Fault {
    /// What a call goes by: one that ignores the stop ends all the same, or a test of it would not.
    func bounds(_ deadline: Deadline, _ stop: StopFlag) -> (stop: StopFlag, deadline: Deadline) {
        guard self == .ignoresTheStop else { return (stop, deadline) }
        return (StopFlag(), deadline.isNever ? .after(.milliseconds(400)) : deadline)
    }
}
