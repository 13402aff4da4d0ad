/// What was asked for. Two runs compare only when their plans are the same.
public struct BenchPlan: Sendable, Equatable {
    /// As typed, without options that name files.
    public var addresses: [String] = []
    /// Message sizes in bytes, 16 at least.
    public var sizes: [Int] = []
    /// Workers that send.
    public var producers = 0
    /// Workers that receive.
    public var consumers = 0
    /// `auto`, `max`, `50%`, a number of messages per second, or `find`.
    public var rate = ""
    /// For `find`: the objective, such as `p99<5ms`.
    public var objective: String?
    /// Seconds of each phase, the warm-up not counted.
    public var duration = 0.0
    /// Seconds before each phase, of which nothing counts.
    public var warmup = 0.0
    /// Equal parts into which the throughput phase is divided.
    public var windows = 0
    /// Messages of the throughput phase instead of a duration.
    public var count: Int?
    /// Messages handed over in one call.
    public var batch = 0
    /// `--rtt`: each message is answered, and its way there and back is measured.
    public var roundTrip = false
    /// Workers are threads of one process.
    public var sameProcess = false
    /// What the bodies consist of, in words.
    public var payload = ""
    /// How much may be under way in the throughput phase, in words; absent in runs of earlier versions, which had no bound.
    public var window: String?

    init() {}

    /// Times in seconds, the rate as it was typed.
    public init(
        addresses: [String], sizes: [Int], producers: Int, consumers: Int, rate: String, objective: String?, duration: Double,
        warmup: Double, windows: Int, count: Int?, batch: Int, roundTrip: Bool, sameProcess: Bool, payload: String,
        window: WindowLimit = .standard
    ) {
        self.addresses = addresses
        self.sizes = sizes
        self.producers = producers
        self.consumers = consumers
        self.rate = rate
        self.objective = objective
        self.duration = duration
        self.warmup = warmup
        self.windows = windows
        self.count = count
        self.batch = batch
        self.roundTrip = roundTrip
        self.sameProcess = sameProcess
        self.payload = payload
        self.window = window.text
    }
}

extension BenchPlan: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("addresses", &addresses)
        fields.field("sizes", &sizes)
        fields.field("producers", &producers)
        fields.field("consumers", &consumers)
        fields.field("rate", &rate)
        fields.field("objective", &objective)
        fields.field("duration", &duration)
        fields.field("warmup", &warmup)
        fields.field("windows", &windows)
        fields.field("count", &count)
        fields.field("batch", &batch)
        fields.field("roundTrip", &roundTrip)
        fields.field("sameProcess", &sameProcess)
        fields.field("payload", &payload)
        fields.field("window", &window)
    }
}

extension BenchPlan {
    /// The same work for as long as it takes to see whether a rate can be kept.
    var trial: BenchPlan {
        var plan = self
        plan.duration = min(duration, max(0.1, min(1, duration / 5)))
        plan.warmup = min(warmup, 0.2)
        return plan
    }

    /// The same work in less time.
    func shortened(to seconds: Double) -> BenchPlan {
        var plan = self
        plan.duration = seconds
        plan.warmup = min(warmup, seconds / 4)
        plan.count = nil
        plan.producers = 1
        plan.consumers = 1
        return plan
    }
}
