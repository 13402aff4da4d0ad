import CSysV
import Glibc
import MQCore

final class SysVReceiver: Receiver {
    private let queue: SysVQueue
    private let selection: SysVSelection
    private let flags: CInt
    /// Bytes offered to msgrcv(2); grows when a message needs more, never shrinks.
    private var room: Int
    private var alarm = SysVAlarm()
    /// How often the sender is given the processor for another message of the same batch.
    private let yields: Int
    private(set) var handedOver = 0

    /// What most queues carry; larger messages cost one E2BIG the first time.
    private static let firstRoom = 1 << 16

    init(queue: SysVQueue, selection: SysVSelection, truncate: Int?, isPrompt: Bool) {
        yields = isPrompt ? 0 : SysVPatience.yields
        self.queue = queue
        self.selection = selection
        flags = selection.flags | (truncate == nil ? 0 : csysv_noerror)
        let largest = (try? SysVLimits.current().largestMessage) ?? Self.firstRoom
        room = truncate ?? min(max(largest, 1), Self.firstRoom)
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        let (first, start) = (batch.count, batch.byteCount)
        defer { handedOver += batch.count - first }
        if stop.isRaised { return .stopped }
        if let outcome = try takeFirst(into: &batch, until: deadline, stop: stop) { return outcome }
        var tries = 0
        let nowait = flags | csysv_nowait
        while batch.count - first < limit, batch.byteCount - start < byteLimit, !stop.isRaised {
            let size = take(into: &batch, flags: nowait)
            if size >= 0 {
                tries = 0
            } else if size == -Int(ENOMSG) {
                if tries == yields { break }
                tries += 1
                sched_yield()
            } else if size != -Int(EINTR) {
                // What is in the batch counts; the next call meets the same error.
                break
            }
        }
        return .received
    }

    /// Waits for one message.
    /// - Returns: `nil` when it is in the batch.
    private func takeFirst(into batch: inout Batch, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Outcome? {
        var tries = 0
        while true {
            let size: Int
            if tries <= SysVPatience.yields {
                size = take(into: &batch, flags: flags | csysv_nowait)
            } else {
                size = takeBlocking(into: &batch, until: deadline, stop: stop)
            }
            if size >= 0 { return nil }
            if size != -Int(ENOMSG) && size != -Int(EINTR) { throw SysVFailure.receiving(CInt(-size), id: queue.id) }
            if stop.isRaised { return .stopped }
            if deadline.hasPassed { return .deadlinePassed }
            if tries < SysVPatience.yields { sched_yield() }
            tries += 1
        }
    }

    /// One msgrcv(2) straight to the batch's end; repeated with more room for a message that needs it.
    /// - Returns: the size, or the negative error number.
    @inline(__always)
    private func take(into batch: inout Batch, flags: CInt) -> Int {
        while true {
            var type = 0
            let size = csysv_receive(queue.id, batch.reserve(room), room, selection.selector, flags, &type)
            if size >= 0 { return accept(size, type, &batch) }
            if size != -Int(E2BIG) { return size }
            room *= 2
        }
    }

    private func takeBlocking(into batch: inout Batch, until deadline: Deadline, stop: StopFlag) -> Int {
        let (id, selector, flags) = (queue.id, selection.selector, flags)
        while true {
            let (place, room) = (batch.reserve(room), room)
            var type = 0
            let size = alarm.call(until: deadline, stop: stop) { csysv_receive(id, place, room, selector, flags, &type) }
            if size >= 0 { return accept(size, type, &batch) }
            if size != -Int(E2BIG) { return size }
            self.room *= 2
        }
    }

    @inline(__always)
    private func accept(_ size: Int, _ type: Int, _ batch: inout Batch) -> Int {
        batch.commit(size)
        if batch.wantsProperties { Self.setType(type, &batch) }
        return size
    }

    private static func setType(_ type: Int, _ batch: inout Batch) {
        var properties = MessageProperties()
        properties.type = type
        batch.setProperties(properties)
    }
}
