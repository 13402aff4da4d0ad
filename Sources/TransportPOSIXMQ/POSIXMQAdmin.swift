internal import CPOSIXMQ
internal import Glibc
internal import MQCore

/// Lists, shows, makes and removes queues.
final class POSIXMQAdmin: Admin {
    private let transport: POSIXMQTransport
    private let notices: Notices

    init(transport: POSIXMQTransport, notices: Notices) {
        self.transport = transport
        self.notices = notices
    }

    func status() throws(TransportError) -> QueueStatus {
        if case .descriptor(let number) = transport.target {
            return try describe(Queue(inherited: number), name: "fd=\(number)", canRead: true)
        }
        return try status(of: transport.requiredName())
    }

    private func status(of name: String) throws(TransportError) -> QueueStatus {
        do throws(TransportError) {
            return try describe(Queue(name: name, access: O_RDONLY), name: name, canRead: true)
        } catch {
            guard error.errno == EACCES else { throw error }
        }
        do throws(TransportError) {
            // Whoever may only send can still ask for the attributes.
            return try describe(Queue(name: name, access: O_WRONLY), name: name, canRead: false)
        } catch {
            guard error.errno == EACCES else { throw error }
            throw OpenFailure.unreadable(name)
        }
    }

    private func describe(_ queue: borrowing Queue, name: String, canRead: Bool) throws(TransportError) -> QueueStatus {
        var attributes = mq_attr()
        let result = cposixmq_attributes(queue.descriptor, &attributes)
        if result < 0 { throw TransportError(.failure, SystemError.words(-result), errno: -result) }
        var facts = [
            Fact("messages", "Messages", .number(attributes.mq_curmsgs)),
            Fact("maxmsg", "Max messages", .number(attributes.mq_maxmsg)),
        ]
        let content = canRead ? Self.content(of: queue.descriptor) : nil
        if let content { facts.append(Fact("bytes", "Bytes", .bytes(content.bytes))) }
        facts.append(Fact("msgsize", "Message size", .bytes(attributes.mq_msgsize)))
        var status = stat()
        // Its times tell nothing: opening and sending and receiving set all of them (mqueue_get_inode and do_mq_* in ipc/mqueue.c).
        if fstat(queue.descriptor, &status) == 0 {
            facts += [
                Fact("mode", "Mode", .mode(Int(status.st_mode & 0o7777))),
                Fact("owner", "Owner", .text(Names.user(status.st_uid))),
                Fact("group", "Group", .text(Names.group(status.st_gid))),
            ]
        }
        if let notifier = content?.notifier { facts.append(Fact("notify_pid", "Notifies process", .identifier(notifier))) }
        return QueueStatus(address: POSIXMQTransport.address(of: name), facts: facts)
    }

    /// `QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260`, from read(2) on the descriptor itself (mq_overview(7)).
    private static func content(of descriptor: CInt) -> (bytes: Int, notifier: Int?)? {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        var fields: [String: Int] = [:]
        for word in String(decoding: buffer[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: ":")
            if parts.count == 2 { fields[String(parts[0])] = Int(parts[1]) }
        }
        guard let bytes = fields["QSIZE"] else { return nil }
        return (bytes, fields["NOTIFY_PID"].flatMap { $0 > 0 ? $0 : nil })
    }

    func list() throws(TransportError) -> QueueListing {
        let names = try QueueFolder.names()
        var queues: [QueueStatus] = []
        var foreign = 0
        var usedBytes = 0
        for name in names {
            do throws(TransportError) {
                let status = try status(of: "/" + name)
                queues.append(status)
                if case .text(let owner) = status["owner"], owner == Names.user(geteuid()), case .number(let depth) = status["maxmsg"],
                    case .bytes(let size) = status["msgsize"]
                {
                    usedBytes += Limits.bytesNeeded(depth: depth, size: size)
                }
            } catch {
                if error.code == .noSuchQueue {
                    foreign += 1
                } else {
                    queues.append(
                        QueueStatus(
                            address: POSIXMQTransport.address(of: "/\(name)"), facts: [Fact("owner", "Owner", .text(error.message))]))
                }
            }
        }
        if foreign > 0 {
            notices.warn(
                "\(Quantity.count(foreign, "queue")) shown by /dev/mqueue \(foreign == 1 ? "is" : "are") not of this IPC namespace: it was mounted in another"
            )
        }
        return QueueListing(
            queues: queues, limits: limits(count: names.count, bytes: usedBytes),
            columns: [
                .init("messages", "messages"), .init("maxmsg", "of"), .init("bytes", "bytes"), .init("msgsize", "largest"),
                .init("mode", "mode"), .init("owner", "owner"),
            ])
    }

    private func limits(count: Int, bytes: Int) -> [QueueLimit] {
        var result = [
            QueueLimit(Fact("queues_max", "queues", .number(Limits.queuesMax)), used: count, remedy: "sysctl fs.mqueue.queues_max"),
            QueueLimit(Fact("msg_max", "messages in a queue", .number(Limits.depthMax)), used: nil, remedy: "sysctl fs.mqueue.msg_max"),
            QueueLimit(Fact("msgsize_max", "in a message", .bytes(Limits.sizeMax)), used: nil, remedy: "sysctl fs.mqueue.msgsize_max"),
        ]
        if let allowed = Limits.bytesAllowed {
            result.append(QueueLimit(Fact("rlimit_msgqueue", "in this user's queues", .bytes(allowed)), used: bytes, remedy: "ulimit -q"))
        }
        return result
    }

    func create(exclusive: Bool) throws(TransportError) -> Bool {
        guard case .name = transport.target else {
            throw TransportError(.usage, "only a queue with a name can be created", hint: "write posix-mq:/name")
        }
        return try Creation(name: transport.requiredName(), options: transport.options, notices: notices).run(exclusive: exclusive)
    }

    func delete() throws(TransportError) {
        guard case .name = transport.target else {
            throw TransportError(.usage, "only a queue with a name can be deleted", hint: "write posix-mq:/name")
        }
        let name = try transport.requiredName()
        switch -cposixmq_unlink(name.rawCString) {
        case 0: return
        case ENOENT: throw TransportError(.noSuchQueue, "no such queue", errno: ENOENT)
        case EACCES, EPERM:
            throw TransportError(
                .permission, "permission denied: only the owner may delete a queue", remedy: .show("its owner"), errno: EACCES)
        case let number: throw TransportError(.failure, SystemError.words(number), errno: number)
        }
    }

    func purge() throws(TransportError) -> Int {
        var opening = Opening(stop: StopFlag())
        opening.notices = notices
        let receiver = try transport.openReceiver(opening)
        var batch = Batch()
        var count = 0
        while try receiver.receive(into: &batch, limit: .max, byteLimit: 1 << 16, until: .immediately, stop: opening.stop) == .received {
            count += batch.count
            batch.removeAll()
        }
        return count
    }
}
