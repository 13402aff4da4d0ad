/// A figure that two runs are compared by.
public enum Metric: String, Sendable, CaseIterable {
    /// Messages per second.
    case throughput
    /// Response times in seconds.
    case p50, p90, p99
    case p999 = "p99.9"
    case max
    /// Seconds of processor time per message, both sides together, at full throughput.
    case cpu
    /// Messages lost in all phases.
    case lost

    /// Whether more of it is good.
    var isGain: Bool { self == .throughput }

    var share: Double? {
        switch self {
        case .p50: 0.5
        case .p90: 0.9
        case .p99: 0.99
        case .p999: 0.999
        default: nil
        }
    }

    /// For people.
    func text(_ value: Double, doubt: Double = 0) -> String {
        switch self {
        case .throughput: Figures.amount(value, doubt: doubt) + "/s"
        case .lost: "\(Int(value))"
        default: Figures.time(value, doubt: doubt)
        }
    }
}
