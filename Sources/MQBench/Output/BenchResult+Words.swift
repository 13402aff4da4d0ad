extension BenchResult {
    /// `mem:` is the floor and cannot lie below it.
    var isAboveFloor: Bool { transport != "mem" }

    /// Sentences that void it, with the phase they belong to.
    var invalidities: [String] {
        (throughput?.invalid ?? []).map { "throughput: \($0)" } + (latency?.invalid ?? []).map { "latency: \($0)" }
    }

    var remarks: [String] {
        (throughput?.warnings ?? []).map { "throughput: \($0)" } + (latency?.warnings ?? []).map { "latency: \($0)" }
    }
}
