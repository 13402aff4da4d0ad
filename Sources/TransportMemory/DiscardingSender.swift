import MQCore

/// The sink of `mem:` without a name. Looks at no message, so that reading and framing are all that is measured.
final class DiscardingSender: Sender {
    let maximumMessageSize: Int?
    private(set) var confirmed = 0

    init(largestMessage: Int?) { maximumMessageSize = largestMessage }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        maximumMessageSize.flatMap { batch.firstOver($0, range) }
    }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        confirmed += range.count
        return range.count
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
}
