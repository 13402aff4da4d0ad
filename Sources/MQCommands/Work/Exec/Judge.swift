import MQCore

/// Gives verdicts on jobs, and ends the work when there were too many bad ones.
struct Judge {
    /// What is said of one job.
    struct Ruling {
        var fate: Verdict.Fate
        var reason: Reason?
        /// For the job log: ok, retry, reject or stop.
        var meaning: VerdictRules.Word
        /// What ends the work behind this job.
        var end: TransportError?
    }

    /// So many jobs in a row that could not begin, by their status: the command is not what it should be.
    private static let patience = 5

    private let rules: VerdictRules
    private let timeout: Duration?
    private var halt: HaltRule?
    /// How many in a row ended with 126 or 127, which is what shells say of a command that they cannot start.
    private var unstarted = 0

    init(_ rules: VerdictRules, timeout: Duration? = nil, halt: HaltRule? = nil) {
        (self.rules, self.timeout, self.halt) = (rules, timeout, halt)
    }

    /// On a job that ended by itself or was killed.
    mutating func judge(_ ending: JobEnding) -> Ruling {
        let meaning = ending.isTimedOut ? .retry : meaning(of: ending.exit ?? .status(1))
        let reason = meaning == .ok ? nil : ending.reason(timeout: timeout)
        if isUnstarted(ending) { unstarted += 1 } else { unstarted = 0 }
        if unstarted == Self.patience, meaning == .retry {
            let error = TransportError(
                .failure,
                "\(Self.patience) runs in a row ended with \(reason!.words): the command, or one that it needs, cannot be started",
                hint: "--on 126-127=retry goes on all the same")
            return Ruling(fate: .stop(error), reason: reason, meaning: .stop)
        }
        return rule(meaning, reason)
    }

    /// On a job of a coprocess, by its reply or its end.
    mutating func rule(_ meaning: VerdictRules.Word, _ reason: Reason?, after delay: Duration? = nil) -> Ruling {
        var ruling = Ruling(fate: .done, reason: reason, meaning: meaning)
        let words = reason?.words ?? "failed"
        switch meaning {
        case .ok: ruling.fate = .done
        case .retry: ruling.fate = .again(after: delay)
        case .reject: ruling.fate = .refused(TransportError(.failure, words))
        case .stop: ruling.fate = .stop(TransportError(.failure, "the command ended with \(words), which --on makes the end"))
        }
        ruling.end = halt?.count(isFailure: meaning != .ok)
        return ruling
    }

    private func meaning(of exit: ExitReason) -> VerdictRules.Word {
        guard case .status(let status) = exit else { return .retry }
        if let meaning = rules.word(for: Int(status)) { return meaning }
        switch status {
        case 0: return .ok
        case 65: return .reject
        default: return .retry
        }
    }

    private func isUnstarted(_ ending: JobEnding) -> Bool {
        guard !ending.isTimedOut, case .status(let status) = ending.exit, status == 126 || status == 127 else { return false }
        return rules.word(for: Int(status)) == nil
    }
}
