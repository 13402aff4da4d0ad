/// What a worker is told.
struct WorkerJob: Sendable {
    enum Role: String, Sendable {
        case produce
        case consume
        /// Sends and waits for the answer, one at a time.
        case ping
        /// Sends back what it receives.
        case echo
    }

    var role = Role.produce
    /// Where it sends, or receives.
    var address = ""
    /// Where the answers come from or go to, for `ping` and `echo`.
    var answers: String?
    /// What its messages are told from others' by.
    var run: UInt16 = 0
    /// Queues that are nobody's once the benchmark is gone: a worker that outlives it removes them.
    var privateQueues: [String] = []
    /// The number of this worker among those of its role.
    var index = 0
    var producers = 1
    var consumers = 1
    /// Where its counter stands in the shared memory.
    var slot = 0
    var size = 0
    var batch = 0
    /// How many messages may be under way, of all producers together; `nil` is no bound.
    var window: Int?
    /// Whether the queue promises order.
    var isOrdered = true
    /// Messages per second of this worker; `nil` is closed loop.
    var rate: Double?
    /// Seconds.
    var warmup = 0.0
    var duration = 0.0
    var windows = 0
    /// Messages of this worker instead of a duration.
    var count: Int?
    /// Of all producers together.
    var totalCount: Int?
    var payload = ""
    /// Whether it is a thread of a process that does more.
    var isThread = false
}

extension WorkerJob: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("role", &role)
        fields.field("address", &address)
        fields.field("answers", &answers)
        fields.field("run", &run)
        fields.field("privateQueues", &privateQueues)
        fields.field("index", &index)
        fields.field("producers", &producers)
        fields.field("consumers", &consumers)
        fields.field("slot", &slot)
        fields.field("size", &size)
        fields.field("batch", &batch)
        fields.field("window", &window)
        fields.field("isOrdered", &isOrdered)
        fields.field("rate", &rate)
        fields.field("warmup", &warmup)
        fields.field("duration", &duration)
        fields.field("windows", &windows)
        fields.field("count", &count)
        fields.field("totalCount", &totalCount)
        fields.field("payload", &payload)
        fields.field("isThread", &isThread)
    }
}

extension WorkerJob.Role: JSONForm {}
