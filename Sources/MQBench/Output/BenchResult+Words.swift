extension BenchResult {
    /// Sentences that void it, with the phase they belong to.
    var invalidities: [String] {
        (throughput?.invalid ?? []).map { "throughput: \($0)" } + (latency?.invalid ?? []).map { "latency: \($0)" }
    }

    var remarks: [String] {
        (throughput?.warnings ?? []).map { "throughput: \($0)" } + (latency?.warnings ?? []).map { "latency: \($0)" }
    }

    /// What explains a figure without limiting it.
    var notes: [String] {
        guard let latency, let skipped = latency.skippedRates, !skipped.isEmpty else { return [] }
        let rates = skipped.map { Figures.amount($0) + "/s" }.joined(separator: ", ")
        return ["latency: measured at \(Figures.amount(latency.rate))/s, since the generator did not keep up with \(rates)"]
    }

    /// Whether messages are to come in the order in which they were sent.
    var promisesOrder: Bool { isOrdered ?? true }

    /// How many came behind a later one, or that this is no fault here.
    func reordered(_ account: Account) -> String { promisesOrder ? "\(account.reordered)" : Self.noOrder }

    static let noOrder = "not promised"

    /// Whether nothing happened to messages that should not.
    func isClean(_ account: Account) -> Bool {
        account.lost == 0 && account.duplicated == 0 && (account.reordered == 0 || !promisesOrder)
    }

    /// `lost 3, duplicated 0, reordered 0`.
    func words(_ account: Account) -> String {
        "lost \(account.lost), duplicated \(account.duplicated), "
            + (promisesOrder ? "reordered \(account.reordered)" : "order not promised")
    }
}
