/// How a program ended.
public enum ExitReason: Equatable, Sendable {
    case status(CInt)
    case signal(CInt)

    /// What wait(2) tells.
    init(_ status: CInt) {
        let signal = status & 0x7f
        self = signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
    }

    /// Whether it ended with status 0.
    public var isSuccess: Bool { self == .status(0) }

    /// As a shell has it in `$?`.
    public var shellStatus: CInt {
        switch self {
        case .status(let status): status
        case .signal(let signal): 128 + signal
        }
    }

    /// "status 3", "signal 9".
    public var words: String {
        switch self {
        case .status(let status): "status \(status)"
        case .signal(let signal): "signal \(signal)"
        }
    }
}
