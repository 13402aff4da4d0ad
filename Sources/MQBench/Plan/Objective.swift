public import MQCore

/// What a rate must keep to be found good: `p99<5ms`.
public struct Objective: Sendable, Equatable {
    /// 0 to 1; 1 is the maximum.
    public let share: Double
    /// Seconds.
    public let limit: Double
    /// As typed.
    public let text: String

    private static let shares = ["p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1]

    /// - Throws: `usage`, saying what is allowed.
    public init(parsing text: String) throws(TransportError) {
        let parts = text.split(separator: "<", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let share = Self.shares[parts[0]], let limit = Quantity.duration(parts[1]), limit > .zero else {
            throw TransportError(
                .usage, "'\(text)' is not an objective", hint: "'p99<5ms'; p50, p90, p95, p99, p99.9 or max, and a duration")
        }
        self.text = text
        self.share = share
        self.limit = Double(limit.nanoseconds) / 1e9
    }
}
