import CSysV
import Glibc
import MQCore

/// Shows what is in the queue when it is first asked, and ends.
///
/// MSG_COPY reads by position and knows no types. The kernel walks to the position from the front of the queue each time, so no more
/// is read than is asked for; only messages that are to be shown in another order are all read first.
final class SysVPeeker: Receiver {
    private let queue: SysVQueue
    private let selection: SysVSelection
    private let opening: Opening
    /// What was read and not shown yet, with the types and the order in which they are shown.
    private var read = Batch()
    private var types: [Int] = []
    private var order: ArraySlice<Int> = []
    /// The position that is read next, and where the queue ended when it was first asked; `nil` before that.
    private var next = 0
    private var end: Int?
    private var room = 1 << 13
    private(set) var handedOver = 0

    /// How many are read between two looks at the flag: the last of 16,384 take a millisecond each.
    private static let portion = 16

    /// Half a second for the kernel, and four times as much for twice as many.
    private static let manageable = 1 << 13

    init(queue: SysVQueue, selection: SysVSelection, _ opening: Opening) {
        (self.queue, self.selection, self.opening) = (queue, selection, opening)
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if end == nil { try begin() }
        let (first, start) = (batch.count, batch.byteCount)
        while batch.count - first < limit && batch.byteCount - start < byteLimit {
            if stop.isRaised { break }
            guard let index = order.popFirst() else {
                if batch.count - first >= Self.portion { break }
                guard try fill(stop) else { break }
                continue
            }
            batch.append(read.bytes(of: index))
            if batch.wantsProperties {
                var properties = MessageProperties()
                properties.type = types[index]
                batch.setProperties(properties)
            }
        }
        handedOver += batch.count - first
        if batch.count > first { return .received }
        return stop.isRaised ? .stopped : .ended
    }

    private func begin() throws(TransportError) {
        let count = try queue.status().messages
        end = count
        guard min(count, opening.total ?? .max) > Self.manageable else { return }
        opening.notices.warn(
            "the queue has \(Quantity.grouped(count)) messages, and showing all of them takes long: the kernel counts to each from the front"
        )
    }

    /// Nothing was taken, so there is nothing to settle.
    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {}

    /// Reads the next few, or all where the order is another. Returns false when there are no more, or the flag is raised.
    private func fill(_ stop: StopFlag) throws(TransportError) -> Bool {
        var isSorted = false
        if case .upTo = selection { isSorted = true }
        read.removeAll()
        types.removeAll(keepingCapacity: true)
        while next < end! && (isSorted || types.count < Self.portion) && !stop.isRaised {
            guard try readOne() else { break }
        }
        if stop.isRaised { return false }
        var chosen = types.indices.filter { selection.takes(types[$0]) }
        if isSorted { chosen.sort { (types[$0], $0) < (types[$1], $1) } }
        order = chosen[...]
        return !types.isEmpty
    }

    /// Returns false behind the last.
    private func readOne() throws(TransportError) -> Bool {
        while true {
            var type = 0
            let size = csysv_receive(queue.id, read.reserve(room), room, next, csysv_copy | csysv_nowait, &type)
            if size >= 0 {
                read.commit(size)
                types.append(type)
                next += 1
                return true
            } else if size == -Int(E2BIG) {
                room *= 2
            } else if size == -Int(ENOMSG) {
                end = next
                return false
            } else if size != -Int(EINTR) {
                throw SysVFailure.receiving(CInt(-size), id: queue.id, isPeeking: true)
            }
        }
    }
}
