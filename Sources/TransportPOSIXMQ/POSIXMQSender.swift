internal import CPOSIXMQ
internal import Glibc
internal import MQCore

/// Sends straight from the batch's bytes, one system call a message.
final class POSIXMQSender: Sender {
    private let queue: Queue
    private let standardPriority: UInt32
    private(set) var confirmed = 0

    init(_ queue: consuming Queue, _ opening: Opening) {
        self.queue = queue
        standardPriority = UInt32(opening.defaults.priority ?? 0)
    }

    var maximumMessageSize: Int? { queue.messageSize }
    var obstacle: TransportError {
        TransportError(.tryAgain, "the queue is full (\(Quantity.grouped(queue.depth)) of \(Quantity.grouped(queue.depth)))")
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        let limit = queue.messageSize
        let checksPriority = batch.hasProperties
        for index in range {
            let size = batch.size(of: index)
            if size > limit {
                return Refusal(index: index, error: .tooLarge(size, limit: limit))
            }
            if checksPriority, let priority = batch.properties(of: index).priority, priority > POSIXMQTransport.maximumPriority {
                return Refusal(
                    index: index,
                    error: TransportError(
                        .unsendable, "priority \(priority) is above the highest, \(POSIXMQTransport.maximumPriority)", remedy: .skip))
            }
        }
        return nil
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        let descriptor = queue.descriptor
        let hasProperties = batch.hasProperties
        var index = range.lowerBound
        var yields = 0
        while index < range.upperBound {
            let priority = hasProperties ? batch.properties(of: index).priority.map(UInt32.init) ?? standardPriority : standardPriority
            let result = cposixmq_send(descriptor, batch.start(of: index), batch.size(of: index), priority)
            if result == 0 {
                index += 1
                confirmed += 1
                yields = 0
            } else if result == -EAGAIN {
                if yields < yieldsBeforeBlocking {
                    yields += 1
                    sched_yield()
                    continue
                }
                guard case .ready = try queue.wait(for: POLLOUT, until: deadline, stop: stop) else { break }
            } else if result != -EINTR {
                throw TransportError(.failure, "sending failed: \(SystemError.words(-result))", errno: -result)
            }
        }
        return index - range.lowerBound
    }

    /// Everything accepted is in the kernel already.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        if queue.wasRemoved { throw OpenFailure.removed }
    }
}
