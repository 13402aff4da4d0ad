/// One of the things that `mq check` looks at.
struct CheckResult: Sendable {
    enum State: Int, Sendable {
        case ok, warning, critical, unknown

        var word: String { ["ok", "warning", "critical", "unknown"][rawValue] }
    }

    /// `up`, `round-trip`, `depth`, `age`.
    var name: String
    var state: State
    /// What was found, in a few words.
    var words: String
    /// How long it took, in seconds.
    var seconds: Double?
    /// What was measured; of a time, in seconds.
    var value: Double?
    var isTime = false
    var warning: String?
    var critical: String?
}

extension [CheckResult] {
    /// The worst of them: critical before unknown before warning.
    var state: CheckResult.State {
        for state in [CheckResult.State.critical, .unknown, .warning] where contains(where: { $0.state == state }) { return state }
        return .ok
    }
}
