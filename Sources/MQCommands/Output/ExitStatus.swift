import Glibc
import MQCore

/// The one place where a failure becomes a number (sysexits.h, and the shell's 128 + signal).
public enum ExitStatus {
    /// What the contract's table says of each kind of failure.
    static func status(of code: TransportError.Code) -> CInt {
        switch code {
        case .negative: 1
        case .usage, .unsupported: 64
        case .malformed, .unsendable, .duplicate: 65
        case .noSuchQueue: 66
        case .unreachable: 69
        case .cannotCreate: 73
        case .inputOutput: 74
        case .tryAgain: 75
        case .protocolViolation: 76
        case .permission: 77
        case .configuration: 78
        case .noCommand: 127
        default: 2
        }
    }

    /// With the meaning, for the man page.
    static let table: [(CInt, String)] = [
        (0, "All done: everything was sent and acknowledged as far as the transport can tell, or everything asked for was received."),
        (1, "No result: empty, timed out, fewer messages than asked for."),
        (2, "Any other failure at run time."),
        (64, "Usage: a wrong option, value or address, or something the transport cannot do."),
        (65, "Bad input: a malformed record, or one the queue cannot carry."),
        (66, "No such queue, or it was removed while in use."),
        (69, "The broker or peer is unreachable."),
        (73, "The queue or endpoint cannot be created."),
        (74, "Input or output error."),
        (75, "Try again: the queue is full, or sending timed out."),
        (76, "The peer speaks another protocol."),
        (77, "Permission denied, or authentication failed."),
        (78, "Bad configuration, or a library is missing."),
        (127, "The command cannot be started."),
        (129, "The terminal has gone (SIGHUP, raised again after cleaning up)."),
        (130, "Interrupted by SIGINT (raised again after cleaning up)."),
        (141, "The reader of standard output has gone (SIGPIPE)."),
        (143, "Terminated by SIGTERM."),
    ]
}

extension TransportError.Code {
    /// A command that cannot be started, where its own status is passed on: what a shell says of it.
    static let noCommand = TransportError.Code("no-command")
}

extension StopReason {
    var signal: CInt? {
        switch self {
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        case .hangup: SIGHUP
        case .readerGone: SIGPIPE
        case .requested: nil
        }
    }
}
