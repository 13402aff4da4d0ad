import CSysV
import Glibc
import MQCore

/// What an error number really means, in words. The kernel's EINVAL alone has three meanings.
enum SysVFailure {
    static let removed = TransportError(.noSuchQueue, "queue was removed", errno: EIDRM)

    static func general(_ code: CInt, _ call: String) -> TransportError {
        if code == ENOSYS {
            return TransportError(
                .unsupported, "this kernel has no System V message queues", hint: "WSL1 and gVisor have none; CONFIG_SYSVIPC elsewhere",
                errno: code)
        }
        return TransportError(code == ENOMEM ? .tryAgain : .failure, "\(call): \(SystemError.words(code))", errno: code)
    }

    /// msgget(2) of an existing queue.
    static func opening(_ code: CInt, key: Int32, _ access: SysVAccess) -> TransportError {
        switch code {
        case ENOENT:
            TransportError(
                .noSuchQueue, "no queue has the key \(SysVName.hex(key))",
                remedy: .create, errno: code)
        case EACCES: denied(access.words, errno: code) { $0.key == key }
        default: general(code, "msgget")
        }
    }

    /// msgget(2) with IPC_CREAT.
    static func making(_ code: CInt, key: Int32) -> TransportError {
        switch code {
        case EEXIST:
            return TransportError(
                .cannotCreate, "a queue with the key \(SysVName.hex(key)) exists already", remedy: .ifMissing, errno: code)
        case ENOSPC:
            let limit = (try? SysVLimits.current())?.queues
            let words =
                limit.map { "the limit of \(Quantity.count($0, "queue")) (kernel.msgmni) is reached" }
                ?? "the limit of queues (kernel.msgmni) is reached"
            return TransportError(
                .cannotCreate, words,
                hint: "sudo sysctl -w kernel.msgmni=\(max(1, limit ?? 16000) * 2) allows more", remedy: .list, errno: code)
        default: return general(code, "msgget")
        }
    }

    /// IPC_STAT.
    /// - Parameter neverSeen: the identifier came from a person, who may have it wrong.
    static func status(_ code: CInt, id: CInt, neverSeen: Bool = false) -> TransportError {
        switch code {
        case EINVAL where neverSeen:
            TransportError(.noSuchQueue, "no queue has the identifier \(id)", remedy: .list, errno: code)
        case EINVAL, EIDRM: removed
        case EACCES: denied("looking", errno: code) { $0.id == id }
        default: general(code, "msgctl")
        }
    }

    /// IPC_SET.
    static func change(_ code: CInt, id: CInt, _ settings: SysVSettings) -> TransportError {
        switch code {
        case EPERM:
            if let asked = settings.queueBytes, let limit = try? SysVLimits.current().queueBytes, asked > limit {
                return TransportError(
                    .permission, "qbytes=\(asked) is above this system's limit of \(limit) bytes (kernel.msgmnb)",
                    hint: "sudo sysctl -w kernel.msgmnb=\(asked) allows it, CAP_SYS_RESOURCE passes it", errno: code)
            }
            return notOwner("change", id: id, errno: code)
        case EINVAL, EIDRM: return removed
        case EACCES: return denied("changing", errno: code) { $0.id == id }
        default: return general(code, "msgctl")
        }
    }

    /// IPC_RMID.
    static func removal(_ code: CInt, id: CInt) -> TransportError {
        switch code {
        case EPERM: notOwner("remove", id: id, errno: code)
        case EINVAL, EIDRM: removed
        default: general(code, "msgctl")
        }
    }

    /// msgsnd(2). EINVAL is a removed queue, a message over kernel.msgmax or a type below 1; the last is checked before.
    static func sending(_ code: CInt, id: CInt, size: Int) -> TransportError {
        switch code {
        case EIDRM: return removed
        case EINVAL:
            if let limit = try? SysVLimits.current().largestMessage, size > limit { return tooLarge(size, limit: limit, errno: code) }
            return exists(id) ? general(code, "msgsnd") : removed
        case EACCES: return denied("sending", errno: code) { $0.id == id }
        default: return general(code, "msgsnd")
        }
    }

    /// msgrcv(2).
    static func receiving(_ code: CInt, id: CInt, isPeeking: Bool = false) -> TransportError {
        switch code {
        case EINVAL where exists(id) && isPeeking:
            TransportError(
                .unsupported, "a message in the queue is larger than kernel.msgmax is now, and cannot be shown without taking it",
                errno: code)
        case EINVAL where exists(id): general(code, "msgrcv")
        case EIDRM, EINVAL: removed
        case EACCES: denied("receiving", errno: code) { $0.id == id }
        case ENOSYS where isPeeking:
            TransportError(
                .unsupported, "this kernel cannot show messages without taking them",
                hint: "MSG_COPY needs a kernel built with CONFIG_CHECKPOINT_RESTORE", errno: code)
        default: general(code, "msgrcv")
        }
    }

    private static func exists(_ id: CInt) -> Bool {
        var raw = csysv_status()
        let code = csysv_stat(id, &raw)
        return code == 0 || code == -EACCES
    }

    /// A message that can never be sent: over kernel.msgmax, or over the queue's qbytes.
    static func tooLarge(_ size: Int, limit: Int, errno: CInt? = nil) -> TransportError {
        let isSystems = (try? SysVLimits.current())?.largestMessage == limit
        var error = TransportError.tooLarge(
            size, limit: limit, why: isSystems ? " (kernel.msgmax)" : " (its qbytes)",
            hint: isSystems ? "sudo sysctl -w kernel.msgmax=\(size) raises it" : nil, errno: errno)
        if !isSystems { error.remedy = .reconfigure(["qbytes=\(size)", "set"]) }
        return error
    }

    /// Names the queue's mode and owner, which everybody may see.
    private static func denied(_ deed: String, errno code: CInt, _ isQueue: (SysVStatus) -> Bool) -> TransportError {
        var words = "permission denied for \(deed)"
        if let queue = (try? SysVStatus.table())?.first(where: isQueue) {
            words +=
                ": the queue has mode \(SysVStatus.octal(queue.mode)) and belongs to \(Names.user(queue.uid)):\(Names.group(queue.gid))"
        }
        return TransportError(.permission, words, hint: "its owner may change it", remedy: .reconfigure(["mode=0660", "set"]), errno: code)
    }

    private static func notOwner(_ deed: String, id: CInt, errno code: CInt) -> TransportError {
        var words = "only its owner, its maker or root may \(deed) a queue"
        if let queue = (try? SysVStatus.table())?.first(where: { $0.id == id }) {
            words += ": it belongs to \(Names.user(queue.uid)), made by \(Names.user(queue.creatorUid))"
        }
        return TransportError(.permission, words, errno: code)
    }
}
