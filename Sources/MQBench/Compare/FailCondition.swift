public import MQCore

/// `--fail-on`: what a change must not do, such as `p99>+10%`, `throughput<-5%`, `max>50ms` or `lost>0`.
public struct FailCondition: Sendable, Equatable {
    /// What a figure is held against.
    public enum Limit: Sendable, Equatable {
        /// A change relative to the old figure, 0.1 being +10 %.
        case change(Double)
        /// The new figure itself: seconds, messages per second or messages.
        case value(Double)
    }

    /// As typed, without spaces.
    public let text: String
    /// The figure that is held against the limit.
    public let metric: Metric
    /// `>`; otherwise `<`.
    public let isUpper: Bool
    /// What the figure must not pass.
    public let limit: Limit

    /// - Throws: `usage` with what is wrong and how it is written.
    public init(_ text: String) throws(TransportError) {
        let bare = String(text.filter { $0 != " " })
        guard let sign = bare.firstIndex(where: { "<>=!".contains($0) }) else {
            throw Self.wrong(text, "has neither > nor <")
        }
        let name = String(bare[..<sign])
        guard let metric = Metric(rawValue: name) else {
            let names = Metric.allCases.map(\.rawValue)
            let near = Suggestion.nearest(to: name, in: names).map { "did you mean \($0)?" }
            throw TransportError(
                .usage,
                "--fail-on '\(text.printable)': '\(name.printable)' is not one of \(names.joined(separator: ", "))",
                hint: near)
        }
        let rest = bare[bare.index(after: sign)...]
        guard bare[sign] == ">" || bare[sign] == "<", let first = rest.first, !"<>=!".contains(first) else {
            throw Self.wrong(text, rest.isEmpty ? "names no limit" : "compares with something else than > or <")
        }
        (self.text, self.metric, isUpper) = (bare, metric, bare[sign] == ">")
        limit = try Self.limit(String(rest), of: metric, in: text)
    }

    private static func limit(_ limit: String, of metric: Metric, in text: String) throws(TransportError) -> Limit {
        if limit.hasSuffix("%") {
            guard limit.hasPrefix("+") || limit.hasPrefix("-") else {
                throw wrong(
                    text, "does not say whether the change is up or down: +\(limit.printable) or -\(limit.printable)")
            }
            guard let percent = number(limit.dropFirst().dropLast()), percent <= 1e6 else {
                throw wrong(text, "'\(limit.printable)' is not a percentage")
            }
            return .change((limit.hasPrefix("-") ? -percent : percent) / 100)
        }
        switch metric {
        case .throughput:
            guard let rate = Quantity.rate(limit) else {
                throw wrong(text, "'\(limit.printable)' is not a rate like 500k or 1M")
            }
            return .value(rate)
        case .lost:
            guard let count = Quantity.integer(limit), count >= 0 else {
                throw wrong(text, "'\(limit.printable)' is not a number of messages")
            }
            return .value(Double(count))
        default:
            // A bare number would be seconds, which nobody means here.
            guard limit.last.map({ $0.isLetter }) == true, let duration = Quantity.duration(limit) else {
                throw wrong(text, "'\(limit.printable)' is not a time with a unit like 5ms or 20us")
            }
            let (seconds, attoseconds) = duration.components
            return .value(Double(seconds) + Double(attoseconds) / 1e18)
        }
    }

    /// Digits with at most one point: `Double` alone takes `nan`, `inf`, `0x1p3` and signs too.
    private static func number(_ text: some StringProtocol) -> Double? {
        guard !text.isEmpty, text.count <= 18, text.allSatisfy({ $0 == "." || ($0.isASCII && $0.isNumber) }) else { return nil }
        return Double(String(text))
    }

    private static func wrong(_ text: String, _ why: String) -> TransportError {
        TransportError(
            .usage, "--fail-on '\(text.printable)' \(why)",
            hint: "conditions are written p99>+10%, throughput<-5%, max>50ms, lost>0 (mq bench compare --help)")
    }
}
