import CSysV
import Glibc
import MQCore

/// Shows what is in the queue when it is first asked, and ends.
///
/// MSG_COPY reads by position and knows no types, so the whole queue, which is no larger than its qbytes, is read at once,
/// then selected and ordered as receiving would.
final class SysVPeeker: Receiver {
    private let queue: SysVQueue
    private let selection: SysVSelection
    private var all = Batch()
    private var types: [Int] = []
    /// Indices into `all` still to be shown; `nil` before the first call.
    private var rest: ArraySlice<Int>?
    private(set) var handedOver = 0

    init(queue: SysVQueue, selection: SysVSelection) {
        self.queue = queue
        self.selection = selection
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if stop.isRaised { return .stopped }
        if rest == nil { rest = try read() }
        guard var rest, !rest.isEmpty else { return .ended }
        let (first, start) = (batch.count, batch.byteCount)
        while batch.count - first < limit, let index = rest.popFirst() {
            batch.append(all.bytes(of: index))
            if batch.wantsProperties {
                var properties = MessageProperties()
                properties.type = types[index]
                batch.setProperties(properties)
            }
            if batch.byteCount - start >= byteLimit { break }
        }
        self.rest = rest
        handedOver += batch.count - first
        return .received
    }

    /// Nothing was taken, so there is nothing to settle.
    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {}

    private func read() throws(TransportError) -> ArraySlice<Int> {
        let flags = csysv_copy | csysv_nowait
        var room = 1 << 13
        while true {
            var type = 0
            let size = csysv_receive(queue.id, all.reserve(room), room, all.count, flags, &type)
            if size >= 0 {
                all.commit(size)
                types.append(type)
            } else if size == -Int(E2BIG) {
                room *= 2
            } else if size == -Int(ENOMSG) {
                break
            } else if size != -Int(EINTR) {
                throw SysVFailure.receiving(CInt(-size), id: queue.id, isPeeking: true)
            }
        }
        var chosen = types.indices.filter { selection.takes(types[$0]) }
        if case .upTo = selection { chosen.sort { (types[$0], $0) < (types[$1], $1) } }
        return chosen[...]
    }
}
