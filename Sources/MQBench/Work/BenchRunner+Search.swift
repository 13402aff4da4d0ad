internal import MQCore

extension BenchRunner {
    /// How many rates `--rate find` tries.
    static let searchSteps = 8

    /// The highest rate whose latency meets the objective, by halving on a logarithmic scale.
    func search(
        _ target: BenchTarget, _ size: Int, from throughput: Double, _ result: inout BenchResult, _ place: Place
    ) throws(TransportError) {
        guard let objective else { throw TransportError(.usage, "--rate find needs --slo", hint: "--slo 'p99<5ms'") }
        var low = max(1, throughput / 1000), high = throughput
        var steps: [SearchStep] = []
        var best: Latency?
        for index in 0..<Self.searchSteps {
            let rate = index == 0 ? throughput * 0.5 : (low * high).squareRoot()
            let run = try latency(target, size, rate: rate, place)
            let found = run.result
            let value = Double(run.response.value(at: objective.share)) / 1e9
            // A generator that could not keep the rate has not shown that it can be met; one that was late has, all the more.
            let isMet = found.account.lost == 0 && found.achievedRate >= rate * 0.99 && value < objective.limit
            steps.append(SearchStep(rate: rate, value: value, isMet: isMet))
            if isMet {
                low = rate
                best = found
            } else {
                high = rate
            }
            if high / low < 1.03 { break }
        }
        result.search = steps
        result.latency = best
        if best == nil { result.failure = "no rate down to \(Quantity.short(low))/s met \(objective.text)" }
    }
}
