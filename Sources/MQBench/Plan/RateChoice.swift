public import MQCore

/// How fast the messages of the latency phase come.
public enum RateChoice: Sendable, Equatable {
    /// Closed loop only: no latency phase, since latency at saturation says nothing.
    case maximum
    /// Half of the throughput found, or the next lower share at which the generator keeps its schedule.
    case automatic
    /// A share of the throughput found, 0 to 1.
    case share(Double)
    case fixed(Double)
    /// The highest that meets the objective.
    case find

    /// - Throws: `usage`.
    public init(parsing text: String) throws(TransportError) {
        if text == "max" {
            self = .maximum
        } else if text == "auto" {
            self = .automatic
        } else if text == "find" {
            self = .find
        } else if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
            self = .share(percent / 100)
        } else if let rate = Quantity.rate(text), (1e-3...1e9).contains(rate) {
            self = .fixed(rate)
        } else {
            throw TransportError(
                .usage, "--rate '\(text)' is not a rate", hint: "messages per second (100, 2.5k, 1M), 50%, auto, max or find")
        }
    }
}
