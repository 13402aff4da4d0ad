extension Histogram {
    /// Between which values the true percentile lies, with 95 % confidence: order statistics whose ranks come from
    /// the binomial distribution, without any assumption about the shape. `nil` for a bound that so few values do not give.
    ///
    /// It speaks of this run. Values that follow one another are alike, so it is rather too narrow than too wide.
    func interval(at share: Double) -> (low: Int?, high: Int?) {
        guard count > 0, share > 0, share < 1 else { return (nil, nil) }
        let beyond = 1 - share
        let (few, many) = Self.exceedances(of: count, beyond)
        let low = many >= count ? nil : value(rank: count - many)
        return (low, few.map { value(rank: count - $0) })
    }

    /// Half the width of the interval; `nil` when one bound is missing.
    func doubt(at share: Double) -> Double? {
        guard case (let low?, let high?) = interval(at: share) else { return nil }
        return Double(high - low) / 2
    }

    /// How many of `count` values lie beyond the percentile: the largest number whose probability of at most that many
    /// is 2.5 % or less (`nil` if none is), and the smallest for which it is 97.5 % or more.
    private static func exceedances(of count: Int, _ beyond: Double) -> (few: Int?, many: Int) {
        let expected = Double(count) * beyond
        if expected > 400 {
            // The normal distribution is as good here, and the first probability below would be zero in a Double.
            let width = 1.96 * (expected * (1 - beyond)).squareRoot()
            return (Int(expected - width), min(count, Int((expected + width).rounded(.up))))
        }
        var probability = 1.0
        var (base, power) = (1 - beyond, count)
        while power > 0 {
            if power & 1 == 1 { probability *= base }
            base *= base
            power >>= 1
        }
        var (sum, few): (Double, Int?) = (0, nil)
        for k in 0...count {
            sum += probability
            if sum <= 0.025 { few = k }
            if sum >= 0.975 { return (few, k) }
            probability *= Double(count - k) / Double(k + 1) * beyond / (1 - beyond)
        }
        return (few, count)
    }
}
