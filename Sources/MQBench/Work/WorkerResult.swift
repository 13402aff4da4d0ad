internal import MQCore

/// What a worker found. Times are nanoseconds on the monotonic clock.
struct WorkerResult: Sendable {
    /// Messages sent, warm-up included.
    var sent = 0
    /// Messages of this worker within the measured time.
    var measured = 0
    /// From the first to the last moment of the measured time, as this worker saw it.
    var measuredSeconds = 0.0
    var cost = Cost()
    /// Messages in each window, and how long it was.
    var windows: [Window] = []
    /// What this worker received of each producer.
    var logs: [SequenceLog] = []
    var response = SparseHistogram()
    var service = SparseHistogram()
    var publishDelay = SparseHistogram()
    /// Messages that were none of the benchmark's.
    var foreign = 0
    /// What makes the result worthless without being an error.
    var objection: String?
    var failure: String?
    /// The kind of the failure, `TransportError.Code.name`.
    var failureKind: String?
}

extension WorkerResult: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("sent", &sent)
        fields.field("measured", &measured)
        fields.field("measuredSeconds", &measuredSeconds)
        fields.field("cost", &cost)
        fields.field("windows", &windows)
        fields.field("logs", &logs)
        fields.field("response", &response)
        fields.field("service", &service)
        fields.field("publishDelay", &publishDelay)
        fields.field("foreign", &foreign)
        fields.field("objection", &objection)
        fields.field("failure", &failure)
        fields.field("failureKind", &failureKind)
    }
}
