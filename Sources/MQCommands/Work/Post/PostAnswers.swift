import MQCore

/// What each answer of a worker means for its message.
struct PostAnswers: Sendable {
    let contract: PostContract
    /// Those of `--on`, which count first.
    let rules: VerdictRules

    /// - Parameter status: of an answer, 100 to 999.
    func meaning(of status: Int) -> VerdictRules.Word {
        if let word = rules.word(for: status) { return word }
        switch (contract, status) {
        case (.eb, 200), (.mq, 200..<300): return .ok
        case (.eb, _): return .retry
        case (.mq, 408), (.mq, 425), (.mq, 429): return .retry
        case (.mq, 410): return .stop
        case (.mq, 400..<500): return .reject
        default: return .retry
        }
    }

    /// For the person who starts it: a worker that answers otherwise sees messages again.
    var sentence: String {
        switch contract {
        case .mq: "2xx is done; 3xx, 408, 425, 429, 5xx and no answer are tried again; 410 stops; other 4xx are rejected"
        case .eb: "200 is done; every other answer, and none, is tried again"
        }
    }
}
