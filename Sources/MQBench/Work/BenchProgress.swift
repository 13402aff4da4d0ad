/// Where a benchmark stands, for a progress line.
public struct BenchProgress: Sendable {
    /// From 1, of `steps`.
    public var step: Int
    /// Phases of the whole run.
    public var steps: Int
    /// What is measured: `BenchResult.name`.
    public var name: String
    /// In a word.
    public var phase: String
    /// 0 to 1, of the phase.
    public var share: Double
    /// Since the progress before.
    public var messagesPerSecond: Double
    /// The 99th percentile so far, `12µs`; `nil` in a phase that measures no latency.
    public var p99: String?
    /// Seconds until the end of the run, if all phases take as long as they should.
    public var remaining: Double
}
