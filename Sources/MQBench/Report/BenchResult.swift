/// One address at one size.
public struct BenchResult: Sendable, Equatable {
    /// As people know it: `posix-mq`, or `zmq tcp://…`.
    public var name = ""
    /// As typed.
    public var address = ""
    /// The name of its transport.
    public var transport = ""
    /// What an accepted message survives: `none`, `kernel`, `broker memory`, `disk`, `remote`.
    public var guarantee = ""
    /// Bytes of a message.
    public var size = 0
    /// Absent with `--rtt` and for a fixed rate.
    public var throughput: Throughput?
    /// Absent when it was not measured: see `failure`.
    public var latency: Latency?
    /// For `--rate find`: every rate that was tried.
    public var search: [SearchStep]?
    /// Present and true where both ends can only be threads of one process.
    public var isProcessLocal: Bool?
    /// Present and false where the queue promises no order: `reordered` is no fault there.
    public var isOrdered: Bool?
    /// Why there is neither: one sentence.
    public var failure: String?
    /// The kind of the failure, as `--error-format json` names it.
    public var failureKind: String?
}

extension BenchResult: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("name", &name)
        fields.field("address", &address)
        fields.field("transport", &transport)
        fields.field("guarantee", &guarantee)
        fields.field("size", &size)
        fields.field("throughput", &throughput)
        fields.field("latency", &latency)
        fields.field("search", &search)
        fields.field("isProcessLocal", &isProcessLocal)
        fields.field("isOrdered", &isOrdered)
        fields.field("failure", &failure)
        fields.field("failureKind", &failureKind)
    }
}
