internal import Glibc
internal import MQCore

/// What bounds the queues of this namespace and this user (mq_overview(7), /proc interfaces).
enum Limits {
    static var depthMax: Int { sysctl("msg_max") ?? 10 }
    static var sizeMax: Int { sysctl("msgsize_max") ?? 8192 }
    static var sizeStandard: Int { sysctl("msgsize_default") ?? 8192 }
    static var queuesMax: Int { sysctl("queues_max") ?? 256 }

    private static func sysctl(_ name: String) -> Int? {
        guard let bytes = try? LocalFile.contents(of: "/proc/sys/fs/mqueue/\(name)", limit: 64) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter(\.isNumber))
    }

    /// RLIMIT_MSGQUEUE in bytes; `nil` when unlimited.
    static var bytesAllowed: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(12), &limit) == 0, limit.rlim_cur < rlim_t(Int.max) else { return nil }
        return Int(limit.rlim_cur)
    }

    /// What a queue counts against RLIMIT_MSGQUEUE: two kernel structures of 48 bytes beside each message.
    static func bytesNeeded(depth: Int, size: Int) -> Int { depth * (size + 96) }

    static func largestDepth(size: Int, within bytes: Int) -> Int { bytes / (size + 96) }
}
