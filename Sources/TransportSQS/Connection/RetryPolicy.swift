internal import MQCore

/// When a failed request is tried again ("Retry behavior" in the AWS SDKs' reference guide), as a value without clock or socket.
struct RetryPolicy {
    enum Decision: Equatable {
        /// At once: what was wrong has been put right.
        case now
        case after(Duration)
        case giveUp
    }

    /// What one request has been through.
    struct History {
        var failures = 0
        var wasSkewed = false
        var hadExpired = false
        /// The monotonic moment from which a longer patience counts; 0 before.
        var since: UInt64 = 0

        /// Part of what the request asked for was done: what is left of it is tried as often as a new one.
        mutating func progressed() {
            failures = 0
            since = 0
        }
    }

    /// A request is tried at most so often.
    static let attempts = 8
    /// Where nobody listens, more tries only delay the news.
    static let unreachableAttempts = 3
    private static let longest = 20.0

    /// Each retry costs, and success pays back: a service that is down is not flooded, and fails fast for all.
    private var quota = 500
    private static let fullQuota = 500
    private static let cost = 5

    mutating func succeeded(after history: History) {
        quota = min(Self.fullQuota, quota + (history.failures == 0 ? 1 : Self.cost))
    }

    /// - Parameters:
    ///   - isPartial: the service answered, and some entries of a batch failed: that is no sign of its being down, and costs nothing.
    ///   - random: 0 to 1, for the jitter.
    mutating func decide(
        _ kind: ServiceFailure.Kind, _ history: inout History, isPartial: Bool = false, random: Double
    ) -> Decision {
        switch kind {
        case .final, .batchTooLong, .unknownOperation: return .giveUp
        case .skewed:
            defer { history.wasSkewed = true }
            return history.wasSkewed ? .giveUp : .now
        case .expiredCredentials:
            defer { history.hadExpired = true }
            return history.hadExpired ? .giveUp : .now
        case .throttled, .transient, .unreachable: break
        }
        history.failures += 1
        let limit = kind == .unreachable ? Self.unreachableAttempts : Self.attempts
        guard history.failures < limit, isPartial || quota >= Self.cost else { return .giveUp }
        if !isPartial { quota -= Self.cost }
        var pause = kind == .throttled ? 0.2 : 0.05
        for _ in 1..<max(history.failures, 1) { pause = min(pause * 2, Self.longest) }
        return .after(.nanoseconds(Int64(random * pause * 1e9)))
    }
}
