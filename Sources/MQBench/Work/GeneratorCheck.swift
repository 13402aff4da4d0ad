internal import MQCore

/// Whether the generator of a latency phase kept its schedule, and whether its delay is seen in the result.
struct GeneratorCheck {
    /// Messages per second.
    var rate: Double
    var achieved: Double
    /// From when messages were due, and from when they were sent; the latter is empty where messages have no room for that time.
    var response: Histogram
    var service: Histogram
    var delay: Histogram
    /// Seconds, p99 of the harness alone: of what is below it, with the delay and without, nothing is told.
    var floorTail = 0.0

    /// A percentile is void when the delay changes it by a larger share.
    private static let largestShare = 0.05
    /// Nanoseconds that the clock and a spinning thread cost: no result tells them apart.
    private static let smallestChange = 100.0

    /// Sentences; empty when the result stands.
    var objections: [String] {
        var result: [String] = []
        if achieved < rate * 0.99 {
            result.append(Latency.generator + "kept \(Quantity.short(achieved))/s of \(Quantity.short(rate))/s")
        }
        let changed = [("p50", 0.5), ("p99", 0.99)].compactMap { name, share in change(at: share).map { "\(name) is \($0)" } }
        if !changed.isEmpty { result.append(Latency.generator + "was late: \(changed.joined(separator: ", "))") }
        return result
    }

    /// What the delay makes of a percentile, in words; `nil` when that is too little to matter.
    private func change(at share: Double) -> String? {
        guard !response.isEmpty, !delay.isEmpty else { return nil }
        let with = Double(response.value(at: share))
        let without = service.isEmpty ? with - Double(delay.value(at: share)) : Double(service.value(at: share))
        if share >= Floor.tailShare && max(with, without) < floorTail * 1e9 { return nil }
        let difference = (with - without).magnitude
        guard difference > Self.smallestChange, difference > with * Self.largestShare else { return nil }
        return "\(Figures.time(with / 1e9)), without its delay \(Figures.time(max(0, without) / 1e9))"
    }
}
