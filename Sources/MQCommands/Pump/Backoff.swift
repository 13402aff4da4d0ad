import MQCore

/// How long a message that failed waits until it is tried again: longer after each attempt, and never quite as long as others that
/// failed with it.
struct Backoff: Sendable, Equatable {
    var shortest: Duration
    var longest: Duration

    static let standard = Backoff(shortest: .seconds(1), longest: .seconds(300))

    init(shortest: Duration, longest: Duration) { (self.shortest, self.longest) = (shortest, longest) }

    /// Understands `MIN:MAX`, and one duration for both.
    /// - Throws: `usage`.
    init(parsing text: String) throws(TransportError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { Quantity.duration(String($0)) }
        guard let shortest = parts[0], let longest = parts[parts.count - 1] else {
            throw TransportError(.usage, "--backoff '\(text)' is not MIN:MAX", hint: "two durations: 1s:5m")
        }
        guard shortest <= longest else {
            throw TransportError(.usage, "--backoff '\(text)' is shorter at its end than at its beginning", hint: "MIN:MAX, as in 1s:5m")
        }
        self.init(shortest: shortest, longest: longest)
    }

    /// - Parameters:
    ///   - attempts: how often the message was tried, at least once.
    ///   - jitter: between 0 and 1.
    func delay(after attempts: Int, jitter: Double = .random(in: 0...1)) -> Duration {
        let most = Double(longest.nanoseconds)
        let doubled = Double(shortest.nanoseconds) * Double(UInt64(1) << UInt64(min(max(attempts, 1) - 1, 62)))
        // Up to a quarter more; at the end of the range up to a fifth less.
        let delay = doubled < most ? min(doubled * (1 + jitter / 4), most) : most * (1 - jitter / 5)
        return max(shortest, .nanoseconds(Int64(min(delay, 9e18))))
    }
}
