internal import Glibc

/// Intervals of a ratio by ranks: no assumption about the shape of the noise, and no chance in the arithmetic.
enum RankInterval {
    /// Hodges and Lehmann's interval over all ratios of two samples, at 95 % confidence where the samples are large
    /// enough (four and four), otherwise from the lowest to the highest ratio. `nil` for fewer than two on a side.
    static func ratio(_ old: [Double], _ new: [Double]) -> ClosedRange<Double>? {
        let old = old.filter { $0 > 0 }.prefix(50), new = new.filter { $0 > 0 }.prefix(50)
        guard old.count >= 2, new.count >= 2 else { return nil }
        let ratios = new.flatMap { after in old.map { after / $0 } }.sorted()
        let dropped = critical(old.count, new.count)
        return ratios[dropped]...ratios[ratios.count - 1 - dropped]
    }

    /// How many of the ordered ratios lie outside on each side: the largest U with P(U' ≤ U) ≤ 2.5 % under the
    /// distribution of Mann and Whitney.
    static func critical(_ first: Int, _ second: Int) -> Int {
        // ways[u]: in how many orders u pairs stand the other way round; the Gaussian binomial coefficient.
        var ways = [1.0] + [Double](repeating: 0, count: first * second)
        for i in 1...first {
            let up = second + i
            if up < ways.count { for u in stride(from: ways.count - 1, through: up, by: -1) { ways[u] -= ways[u - up] } }
            if i < ways.count { for u in i..<ways.count { ways[u] += ways[u - i] } }
        }
        let all = ways.reduce(0, +)
        var sum = 0.0
        for (u, way) in ways.enumerated() {
            sum += way
            if sum / all > 0.025 { return max(0, u - 1) }
        }
        return 0
    }

    /// A ratio of the same percentile of two histograms: the order-statistic interval of each, put together in
    /// logarithms (Zou and Donner's MOVER), never narrower than what three digits tell apart.
    static func ratio(_ old: Histogram, _ new: Histogram, at share: Double) -> ClosedRange<Double>? {
        guard let before = logarithms(old, share), let after = logarithms(new, share) else { return nil }
        let difference = after.middle - before.middle
        let down = hypot(after.middle - after.low, before.high - before.middle)
        let up = hypot(after.high - after.middle, before.middle - before.low)
        return exp(difference - max(down, 0.001))...exp(difference + max(up, 0.001))
    }

    private static func logarithms(_ histogram: Histogram, _ share: Double) -> (low: Double, middle: Double, high: Double)? {
        guard case (let low?, let high?) = histogram.interval(at: share), low > 0 else { return nil }
        return (log(Double(low)), log(Double(max(low, min(high, histogram.value(at: share))))), log(Double(high)))
    }
}
