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
        } else if let rate = Self.rate(text) {
            self = .fixed(rate)
        } else {
            throw TransportError(
                .usage, "--rate '\(text)' is not a rate", hint: "messages per second (100, 2.5k, 1M), 50%, auto, max or find")
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
