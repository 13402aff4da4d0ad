import Glibc

/// Why a blocking call is asked to return.
public enum StopReason: UInt8, Sendable {
    case interrupt = 1
    case terminate
    case hangup
    case readerGone
    case requested
}
