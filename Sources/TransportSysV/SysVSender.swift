import CSysV
import Glibc
import MQCore

final class SysVSender: Sender {
    private let queue: SysVQueue
    private let standardType: Int
    private let largest: Int
    private var alarm = SysVAlarm()
    private(set) var confirmed = 0

    init(queue: SysVQueue, standardType: Int, largest: Int) {
        self.queue = queue
        self.standardType = standardType
        self.largest = largest
    }

    var maximumMessageSize: Int? { largest }

    var obstacle: TransportError {
        var words = "the queue is full"
        if let status = try? queue.status(), let room = status.knownQueueBytes {
            words +=
                " (\(Quantity.count(status.messages, "message")), \(Quantity.grouped(status.bytes)) of \(Quantity.grouped(room)) bytes)"
        }
        return TransportError(.tryAgain, words)
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        let hasTypes = batch.hasProperties
        for index in range {
            let size = batch.size(of: index)
            if size > largest { return Refusal(index: index, error: SysVFailure.tooLarge(size, limit: largest)) }
            if hasTypes, let type = batch.properties(of: index).type, type < 1 {
                return Refusal(index: index, error: TransportError(.unsendable, "type \(type) is not allowed, message types start at 1"))
            }
        }
        return nil
    }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        let (id, standardType, hasTypes) = (queue.id, standardType, batch.hasProperties)
        let nowait = csysv_nowait
        var index = range.lowerBound
        defer { confirmed += index - range.lowerBound }
        while index < range.upperBound {
            let (body, size) = (batch.start(of: index), batch.size(of: index))
            let type = hasTypes ? batch.properties(of: index).type ?? standardType : standardType
            var code = csysv_send(id, body, size, type, nowait)
            if code == -EAGAIN {
                code = try wait(body, size, type, until: deadline, stop: stop)
                if code == -EAGAIN { break }
            }
            if code == 0 {
                index += 1
            } else if code != -EINTR {
                throw SysVFailure.sending(-code, id: id, size: size)
            }
            if stop.isRaised { break }
        }
        return index - range.lowerBound
    }

    /// Sends one message to a full queue.
    /// - Returns: 0 when it is sent, -EAGAIN when the deadline passed or the flag was raised, or another error.
    private func wait(
        _ body: UnsafeMutableRawPointer, _ size: Int, _ type: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> CInt {
        let id = queue.id
        for _ in 0..<SysVPatience.yields {
            if stop.isRaised || deadline.hasPassed { return -EAGAIN }
            sched_yield()
            let code = csysv_send(id, body, size, type, csysv_nowait)
            if code != -EAGAIN && code != -EINTR { return code }
        }
        // Somebody may have made the queue smaller meanwhile: then this would never end.
        if let limit = try? queue.status().queueBytes, size > limit || limit == 0 { throw SysVFailure.tooLarge(size, limit: limit) }
        while true {
            if stop.isRaised || deadline.hasPassed { return -EAGAIN }
            let code = alarm.call(until: deadline, stop: stop) { Int(csysv_send(id, body, size, type, 0)) }
            if code != -Int(EINTR) { return CInt(code) }
        }
    }

    /// Nothing to wait for: what was accepted is in the kernel.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
}
