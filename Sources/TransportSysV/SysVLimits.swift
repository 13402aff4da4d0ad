import CSysV
import Glibc
import MQCore

/// The limits of the IPC namespace, sysctl kernel.msg*.
struct SysVLimits: Sendable {
    /// kernel.msgmax, in bytes.
    var largestMessage: Int
    /// kernel.msgmnb: qbytes of a new queue, and the most an ordinary user may set.
    var queueBytes: Int
    /// kernel.msgmni.
    var queues: Int
    var usedQueues: Int

    /// - Throws: `unsupported` without System V queues.
    static func current() throws(TransportError) -> SysVLimits {
        var raw = csysv_limits()
        let code = csysv_read_limits(&raw)
        if code < 0 { throw SysVFailure.general(-code, "msgctl") }
        return SysVLimits(
            largestMessage: Int(raw.msgmax), queueBytes: Int(raw.msgmnb), queues: Int(raw.msgmni), usedQueues: Int(raw.queues))
    }
}
