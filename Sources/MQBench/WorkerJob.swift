internal import FoundationEssentials

/// What a worker is told.
struct WorkerJob: Codable, Sendable {
    enum Role: String, Codable, Sendable {
        case produce
        case consume
        /// Sends and waits for the answer, one at a time.
        case ping
        /// Sends back what it receives.
        case echo
    }

    var role: Role
    /// Where it sends, or receives.
    var address: String
    /// Where the answers come from or go to, for `ping` and `echo`.
    var answers: String?
    /// What its messages are told from others' by.
    var run: UInt16
    /// Queues that are nobody's once the benchmark is gone: a worker that outlives it removes them.
    var privateQueues: [String] = []
    /// The number of this worker among those of its role.
    var index = 0
    var producers = 1
    var consumers = 1
    /// Where its counter stands in the shared memory.
    var slot = 0
    var size: Int
    var batch: Int
    /// Messages per second of this worker; `nil` is closed loop.
    var rate: Double?
    /// Seconds.
    var warmup: Double
    var duration: Double
    var windows: Int
    /// Messages of this worker instead of a duration.
    var count: Int?
    /// Of all producers together.
    var totalCount: Int?
    var payload: String
    /// Whether it is a thread of a process that does more.
    var isThread: Bool
}

/// What a worker found. Times are nanoseconds on the monotonic clock.
struct WorkerResult: Codable, Sendable {
    /// Messages sent, warm-up included.
    var sent = 0
    /// Messages of this worker within the measured time.
    var measured = 0
    /// From the first to the last moment of the measured time, as this worker saw it.
    var measuredSeconds = 0.0
    var cost = Cost()
    /// Messages in each window, and how long it was.
    var windows: [Window] = []
    var logs: [Log] = []
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

    /// One producer's sequence as this consumer saw it.
    struct Log: Codable, Sendable {
        /// The bits, as they stand in memory: a number each in JSON would take longer than the measurement.
        var words: Data
        var duplicated: Int
        var reordered: Int

        static func bytes(_ words: [UInt64]) -> Data { words.withUnsafeBytes { Data($0) } }

        var numbers: [UInt64] {
            let bytes = [UInt8](words)
            return stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { start in
                bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: UInt64.self) }
            }
        }
    }
}

/// A histogram as pairs of index and count: what is not there costs nothing on the way.
struct SparseHistogram: Codable, Sendable {
    var indices: [Int] = []
    var counts: [UInt64] = []
    var minimum = 0
    var maximum = 0
    var sum = 0.0
}

extension Histogram {
    var sparse: SparseHistogram {
        var result = SparseHistogram()
        guard !isEmpty else { return result }
        for index in counts.indices where counts[index] > 0 {
            result.indices.append(index)
            result.counts.append(counts[index])
        }
        (result.minimum, result.maximum, result.sum) = (minimum, maximum, mean * Double(count))
        return result
    }

    init(_ sparse: SparseHistogram) {
        self.init()
        restore(sparse)
    }
}
