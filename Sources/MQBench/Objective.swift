public import MQCore

/// What a rate must keep to be found good: `p99<5ms`.
public struct Objective: Sendable, Equatable {
    /// 0 to 1; 1 is the maximum.
    public let share: Double
    /// Seconds.
    public let limit: Double
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

/// How fast the messages of the latency phase come.
public enum RateChoice: Sendable, Equatable {
    /// Closed loop only: no latency phase, since latency at saturation says nothing.
    case maximum
    /// A share of the throughput found, 0 to 1.
    case share(Double)
    case fixed(Double)
    /// The highest that meets the objective.
    case find

    /// - Throws: `usage`.
    public init(parsing text: String) throws(TransportError) {
        if text == "max" {
            self = .maximum
        } else if text == "find" {
            self = .find
        } else if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
            self = .share(percent / 100)
        } else if let rate = Self.rate(text) {
            self = .fixed(rate)
        } else {
            throw TransportError(.usage, "--rate '\(text)' is not a rate", hint: "messages a second (100, 2.5k, 1M), 50%, max or find")
        }
    }

    private static func rate(_ text: String) -> Double? {
        let bare = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        let factor = bare.hasSuffix("k") ? 1e3 : bare.hasSuffix("M") ? 1e6 : 1
        guard let number = Double(factor == 1 ? bare : String(bare.dropLast())), number > 0, number * factor <= 1e9, number * factor >= 1e-3
        else { return nil }
        return number * factor
    }
}
