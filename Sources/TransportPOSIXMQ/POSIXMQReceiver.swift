internal import CPOSIXMQ
internal import Glibc
internal import MQCore

/// Receives straight into the tail of the batch.
final class POSIXMQReceiver: Receiver {
    private let queue: Queue

    private let isPrompt: Bool
    private(set) var handedOver = 0

    init(_ queue: consuming Queue, isPrompt: Bool) {
        self.queue = queue
        self.isPrompt = isPrompt
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        let descriptor = queue.descriptor
        // The kernel wants room for the largest message whatever comes (mq_receive(3), EMSGSIZE).
        let room = queue.messageSize
        let wantsProperties = batch.wantsProperties
        var priority: UInt32 = 0
        var taken = 0
        defer { handedOver += taken }
        var yields = 0
        if stop.isRaised { return .stopped }
        let before = batch.byteCount
        while taken < limit && batch.byteCount - before < byteLimit {
            let size =
                wantsProperties
                ? cposixmq_receive(descriptor, batch.reserve(room), room, &priority)
                : cposixmq_receive(descriptor, batch.reserve(room), room, nil)
            if size >= 0 {
                batch.commit(size)
                taken += 1
                yields = 0
                if wantsProperties {
                    var properties = MessageProperties()
                    properties.priority = Int(priority)
                    batch.setProperties(properties)
                }
            } else if size == -Int(EAGAIN) {
                if yields < yieldsBeforeBlocking && deadline != .immediately && !(isPrompt && taken > 0) {
                    yields += 1
                    sched_yield()
                    continue
                }
                if taken > 0 { break }
                switch try queue.wait(for: POLLIN, until: deadline, stop: stop) {
                case .ready: continue
                case .deadlinePassed: return .deadlinePassed
                case .stopped: return .stopped
                }
            } else if size != -Int(EINTR) {
                throw TransportError(.failure, "receiving failed: \(SystemError.words(CInt(-size)))", errno: CInt(-size))
            }
        }
        return .received
    }
}
