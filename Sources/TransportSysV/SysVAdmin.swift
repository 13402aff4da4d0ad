import CSysV
import Glibc
import MQCore

final class SysVAdmin: Admin {
    private let transport: SysVTransport
    private let notices: Notices

    init(transport: SysVTransport, notices: Notices) {
        self.transport = transport
        self.notices = notices
    }

    func list() throws(TransportError) -> QueueListing {
        let queues = try SysVStatus.table().map { row in
            // A queue removed meanwhile, or one that may not be read, is shown as the table has it.
            let status = (try? SysVQueue(id: row.id).status()) ?? row
            return QueueStatus(address: status.address, facts: status.facts)
        }
        return QueueListing(
            queues: queues, limits: try limits(),
            columns: [
                .init("messages", "messages"), .init("bytes", "bytes"), .init("mode", "mode"), .init("owner", "owner"),
                .init("last_send_pid", "sender"), .init("last_receive_pid", "receiver"), .init("changed", "changed"),
            ])
    }

    private func limits() throws(TransportError) -> [QueueLimit] {
        let limits = try SysVLimits.current()
        return [
            QueueLimit(Fact("msgmni", "queues", .number(limits.queues)), used: limits.usedQueues, remedy: "sysctl kernel.msgmni"),
            QueueLimit(Fact("msgmax", "in a message", .bytes(limits.largestMessage)), used: nil, remedy: "sysctl kernel.msgmax"),
            QueueLimit(Fact("msgmnb", "in a new queue", .bytes(limits.queueBytes)), used: nil, remedy: "sysctl kernel.msgmnb"),
        ]
    }

    func status() throws(TransportError) -> QueueStatus {
        let queue = try transport.locate(.anything)
        do throws(TransportError) {
            let status = try queue.status()
            return QueueStatus(address: status.address, facts: status.facts)
        } catch  where error.code == .permission {
            // The table tells everybody all but qbytes.
            guard let row = try SysVStatus.table().first(where: { $0.id == queue.id }) else { throw error }
            return QueueStatus(address: row.address, facts: row.facts)
        }
    }

    func create(exclusive: Bool) throws(TransportError) -> Bool {
        try transport.makeIfMissing(exclusive: exclusive, notices: notices)
    }

    func delete() throws(TransportError) { try transport.locate(.anything).remove() }

    func purge() throws(TransportError) -> Int {
        let queue = try transport.locate(.reading)
        // No room and MSG_NOERROR: each message is taken and none of it is copied. Not beyond what was there at first,
        // or a busy sender would keep this going for ever.
        let present = try queue.status().messages
        var count = 0
        var (place, type) = ((0, 0), 0)
        while count < present {
            let size = withUnsafeMutableBytes(of: &place) { buffer in
                csysv_receive(
                    queue.id, buffer.baseAddress! + 8, 0, 0, csysv_nowait | csysv_noerror, &type)
            }
            if size >= 0 {
                count += 1
            } else if size == -Int(ENOMSG) {
                break
            } else if size != -Int(EINTR) {
                throw SysVFailure.receiving(CInt(-size), id: queue.id)
            }
        }
        return count
    }
}
