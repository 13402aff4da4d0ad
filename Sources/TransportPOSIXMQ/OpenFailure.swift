internal import Glibc
internal import MQCore

/// mq_open(3)'s errors in words: which limit was hit, and what raises it.
enum OpenFailure {
    static let removed = TransportError(.noSuchQueue, "the queue was removed while in use")

    static func error(_ number: CInt, name: String, access: CInt) -> TransportError {
        switch number {
        case ENOENT:
            return TransportError(.noSuchQueue, "no such queue", remedy: .create, errno: number)
        case EACCES:
            let what = access == O_WRONLY ? "send to" : access == O_RDONLY ? "receive from" : "open"
            return TransportError(
                .permission, "permission denied: this user may not \(what) the queue", remedy: .show("its owner and mode"),
                errno: number)
        case EMFILE: return descriptorsOrBytes(number)
        case ENFILE: return TransportError(.failure, "the system has no descriptors left", errno: number)
        case ENOSYS: return TransportError(.unsupported, "POSIX message queues are not supported by this kernel", errno: number)
        default: return TransportError(.failure, SystemError.words(number), errno: number)
        }
    }

    /// A queue that this user may neither read nor write. Its mode and owner are shown to everybody where the queues are mounted.
    static func unreadable(_ name: String) -> TransportError {
        var words = "permission denied: this user may neither receive from the queue nor send to it"
        if let (mode, owner, group) = QueueFolder.permissions(of: name) {
            words += "; it has mode \(String(mode, radix: 8).zeroPadded(to: 4)) and belongs to "
            words += "\(Names.user(owner)):\(Names.group(group))"
        }
        return TransportError(.permission, words, errno: EACCES)
    }

    /// What creating failed of; `depth` and `size` are what was asked for.
    static func creation(_ number: CInt, name: String, depth: Int, size: Int) -> TransportError {
        switch number {
        case EMFILE: return descriptorsOrBytes(number, depth: depth, size: size)
        case EINVAL: return aboveLimit(number, depth: depth, size: size)
        case ENOSPC:
            return TransportError(
                .cannotCreate, "the namespace has \(Quantity.count(Limits.queuesMax, "queue")) already, its limit",
                hint: "raise it: sysctl -w fs.mqueue.queues_max=\(Limits.queuesMax * 2)", errno: number)
        case ENOMEM:
            return TransportError(
                .cannotCreate, "the kernel has no memory for \(Quantity.count(depth, "message")) of \(Quantity.count(size, "byte"))",
                errno: number)
        case EEXIST: return TransportError(.cannotCreate, "the queue exists already", remedy: .ifMissing, errno: number)
        case EACCES:
            return TransportError(.permission, "permission denied: the queue exists and this user may not open it", errno: number)
        default:
            let other = error(number, name: name, access: O_RDWR)
            return other.code == .failure ? TransportError(.cannotCreate, other.message, errno: number) : other
        }
    }

    /// EMFILE has two causes: a spare descriptor tells which.
    private static func descriptorsOrBytes(_ number: CInt, depth: Int = 0, size: Int = 0) -> TransportError {
        let spare = dup(STDERR_FILENO)
        guard spare >= 0 else {
            return TransportError(.failure, "this process has no descriptors left", hint: "raise them: ulimit -n", errno: number)
        }
        close(spare)
        let allowed = Limits.bytesAllowed ?? 0
        let needed = Limits.bytesNeeded(depth: depth, size: size)
        let fits = Limits.largestDepth(size: size, within: allowed)
        let used = needed <= allowed ? "; queues that exist, open and unlinked ones too, use up the rest" : ""
        return TransportError(
            .cannotCreate,
            "\(Quantity.count(depth, "message")) of \(Quantity.count(size, "byte")) need\(depth == 1 ? "s" : "") \(Quantity.count(needed, "byte")) of this user's \(Quantity.grouped(allowed)) (RLIMIT_MSGQUEUE)\(used)",
            hint: needed <= allowed
                ? "delete queues, or raise it: ulimit -q"
                : fits > 0 ? "at msgsize=\(size) at most maxmsg=\(fits) fits; or raise it: ulimit -q" : "raise it: ulimit -q",
            remedy: needed <= allowed ? .list : nil, errno: number
        )
    }

    private static func aboveLimit(_ number: CInt, depth: Int, size: Int) -> TransportError {
        let (key, asked, limit) = depth > Limits.depthMax ? ("msg_max", depth, Limits.depthMax) : ("msgsize_max", size, Limits.sizeMax)
        guard asked > limit else { return TransportError(.cannotCreate, "the kernel refuses the queue's attributes", errno: number) }
        let option = key == "msg_max" ? "maxmsg" : "msgsize"
        return TransportError(
            .cannotCreate, "\(option)=\(asked) is above fs.mqueue.\(key), which is \(limit)",
            hint: "raise it: sysctl -w fs.mqueue.\(key)=\(asked); docker run --sysctl; securityContext.sysctls of a Pod", errno: number)
    }
}
