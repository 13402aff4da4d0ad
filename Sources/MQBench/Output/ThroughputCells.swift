/// The figures of one result as they are shown, the same in a terminal, in Markdown and in a page.
struct ThroughputCells {
    var rate: String
    var spread: String
    /// Megabytes (10⁶) of bodies per second.
    var megabytes: String
    /// Microseconds of processor time per message.
    var sending: String
    var receiving: String
    var isInvalid: Bool

    init(_ throughput: Throughput, of result: BenchResult, floor: Floor?) {
        let rate = throughput.messagesPerSecond
        let doubt = throughput.windows.count > 1 ? throughput.spread : 0.05
        isInvalid = !throughput.invalid.isEmpty
        spread = throughput.windows.count > 1 ? Figures.spread(throughput.spread) : "–"
        if let floor, rate > floor.messagesPerSecond {
            // Faster than the harness itself: what was measured is the harness.
            self.rate = "≥" + Figures.amount(floor.messagesPerSecond, doubt: floor.messagesPerSecond * doubt)
        } else {
            self.rate = Figures.amount(rate, doubt: rate * doubt)
        }
        let megabytes = rate * Double(result.size) / 1e6
        self.megabytes = Figures.plain(megabytes, doubt: megabytes * doubt)
        func cost(_ cost: Cost) -> String {
            guard throughput.measuredMessages > 0 else { return "–" }
            let micro = cost.processorTime * 1e6 / Double(throughput.measuredMessages)
            return Figures.plain(micro, doubt: micro * max(doubt, 0.01))
        }
        (sending, receiving) = (cost(throughput.producers), cost(throughput.consumers))
    }
}
