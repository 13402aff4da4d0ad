import Glibc
import MQCore

/// What a queue is to be like when it is made.
struct SysVSettings: Sendable {
    /// Whether `send` and `recv` may make it.
    var creates: Bool
    /// Whether `create` changes one that exists.
    var changes: Bool
    var queueBytes: Int?
    var mode: Int?
    var owner: Int?
    var group: Int?

    /// - Throws: `usage` for a user or group that does not exist.
    init(_ options: OptionValues) throws(TransportError) {
        creates = options.flag("create") ?? false
        changes = options.flag("set") ?? false
        queueBytes = options.bytes("qbytes")
        mode = options.mode("mode")
        if let text = options.text("owner") {
            guard let number = Quantity.integer(text) ?? getpwnam(text).map({ Int($0.pointee.pw_uid) }) else {
                throw TransportError(.usage, "there is no user '\(text)'")
            }
            owner = number
        }
        if let text = options.text("group") {
            guard let number = Quantity.integer(text) ?? getgrnam(text).map({ Int($0.pointee.gr_gid) }) else {
                throw TransportError(.usage, "there is no group '\(text)'")
            }
            group = number
        }
    }

    /// Whether making the queue takes more than msgget(2).
    var needsChange: Bool { queueBytes != nil || owner != nil || group != nil }

    /// How an existing queue differs from what was asked, as options.
    func differences(from status: SysVStatus) -> [(is: String, asked: String)] {
        var result: [(String, String)] = []
        if let queueBytes, let present = status.knownQueueBytes, queueBytes != present {
            result.append(("qbytes=\(present)", "\(queueBytes)"))
        }
        if let mode, mode != status.mode { result.append(("mode=\(SysVStatus.octal(status.mode))", SysVStatus.octal(mode))) }
        if let owner, owner != status.uid { result.append(("owner=\(Names.user(status.uid))", Names.user(owner))) }
        if let group, group != status.gid { result.append(("group=\(Names.group(status.gid))", Names.group(group))) }
        return result
    }
}
