import MQCore

/// How a job ended, and what it said.
struct JobEnding {
    /// How the command ended; `nil` for a record of a coprocess, which goes on.
    var exit: ExitReason?
    /// Whether it ran longer than it may: `--timeout`.
    var isTimedOut = false
    /// The beginning of what it wrote to standard error, where that was seen.
    var detail: [UInt8] = []

    /// Why it failed.
    func reason(timeout: Duration?) -> Reason {
        let status = exit.map { exit in
            switch exit {
            case .status(let status): "\(status)"
            case .signal(let signal): SignalName.of(signal)
            }
        }
        if isTimedOut, let timeout { return Reason("not done within \(Quantity.words(timeout))", status: status, detail: detail) }
        return Reason(exit.map { "exit \($0.shownWords)" } ?? "failed", status: status, detail: detail)
    }
}

extension ExitReason {
    /// `status 3`, `by signal KILL`.
    fileprivate var shownWords: String {
        switch self {
        case .status(let status): "status \(status)"
        case .signal(let signal): "by signal \(SignalName.of(signal))"
        }
    }
}
