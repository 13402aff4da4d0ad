/// The result of one run of `mq bench`, as it is saved: seconds, counts and bytes, no formatted text.
///
/// `Schemas/bench-1.json` describes the JSON; a test validates what is written against it.
public struct BenchReport: Codable, Sendable, Equatable {
    public static let schemaName = "mq.bench/1"

    public var schema = BenchReport.schemaName
    /// The version of mq that measured.
    public var version: String
    /// What the person called it (`--label`).
    public var label: String?
    /// RFC 3339, UTC.
    public var startedAt: String
    public var host: Host
    public var plan: BenchPlan
    /// What the harness itself costs: the same plan over `mem:`. No figure below it means anything.
    public var floor: Floor?
    /// One for each address and size, in the order asked for.
    public var results: [BenchResult]
    /// Sentences about the run as a whole (a busy machine).
    public var warnings: [String]

    public init(
        version: String, label: String?, startedAt: String, host: Host, plan: BenchPlan, floor: Floor?, results: [BenchResult],
        warnings: [String]
    ) {
        self.version = version
        self.label = label
        self.startedAt = startedAt
        self.host = host
        self.plan = plan
        self.floor = floor
        self.results = results
        self.warnings = warnings
    }
}

/// The machine, as far as it decides figures. Two runs compare only when `fingerprint` is the same.
public struct Host: Codable, Sendable, Equatable {
    public var name: String
    public var system: String
    public var processor: String
    public var processors: Int
    public var memoryBytes: Int
    /// The one-minute load average before the first phase and behind the last.
    public var loadBefore: Double
    public var loadAfter: Double
    /// The share of processor time that the hypervisor gave to others during the run, 0 to 1.
    public var steal: Double

    public var fingerprint: String { "\(processor) × \(processors), \(memoryBytes >> 30) GiB, \(system)" }

    public init(
        name: String, system: String, processor: String, processors: Int, memoryBytes: Int, loadBefore: Double, loadAfter: Double,
        steal: Double
    ) {
        self.name = name
        self.system = system
        self.processor = processor
        self.processors = processors
        self.memoryBytes = memoryBytes
        self.loadBefore = loadBefore
        self.loadAfter = loadAfter
        self.steal = steal
    }
}

/// What was asked for. Two runs compare only when their plans are the same.
public struct BenchPlan: Codable, Sendable, Equatable {
    /// As typed, without options that name files.
    public var addresses: [String]
    /// Message sizes in bytes, 16 at least.
    public var sizes: [Int]
    public var producers: Int
    public var consumers: Int
    /// `max`, `50%`, a number of messages per second, or `find`.
    public var rate: String
    /// For `find`: the objective, such as `p99<5ms`.
    public var objective: String?
    /// Seconds of each phase, the warm-up not counted.
    public var duration: Double
    public var warmup: Double
    public var windows: Int
    /// Messages of the throughput phase instead of a duration.
    public var count: Int?
    /// Messages handed over in one call.
    public var batch: Int
    public var roundTrip: Bool
    public var sameProcess: Bool
    public var payload: String

    public init(
        addresses: [String], sizes: [Int], producers: Int, consumers: Int, rate: String, objective: String?, duration: Double,
        warmup: Double, windows: Int, count: Int?, batch: Int, roundTrip: Bool, sameProcess: Bool, payload: String
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
    }
}

public struct Floor: Codable, Sendable, Equatable {
    public var messagesPerSecond: Double
    /// Seconds, response time at the median and at p99.
    public var p50: Double
    public var p99: Double
    public init(messagesPerSecond: Double, p50: Double, p99: Double) {
        self.messagesPerSecond = messagesPerSecond
        self.p50 = p50
        self.p99 = p99
    }
}

/// One address at one size.
public struct BenchResult: Codable, Sendable, Equatable {
    /// As people know it: `posix-mq`, or `zmq tcp://…`.
    public var name: String
    public var address: String
    public var transport: String
    /// What an accepted message survives: `none`, `kernel`, `broker memory`, `disk`, `remote`.
    public var guarantee: String
    public var size: Int
    /// Absent with `--rtt` and for a fixed rate.
    public var throughput: Throughput?
    public var latency: Latency?
    /// For `--rate find`: every rate that was tried.
    public var search: [SearchStep]?
    /// Present and true where both ends can only be threads of one process.
    public var isProcessLocal: Bool?
    /// Why there is neither: one sentence.
    public var failure: String?
    /// The kind of the failure, as `--error-format json` names it.
    public var failureKind: String?

    public init(
        name: String, address: String, transport: String, guarantee: String, size: Int, throughput: Throughput? = nil,
        latency: Latency? = nil, search: [SearchStep]? = nil, failure: String? = nil
    ) {
        self.name = name
        self.address = address
        self.transport = transport
        self.guarantee = guarantee
        self.size = size
        self.throughput = throughput
        self.latency = latency
        self.search = search
        self.failure = failure
    }
}

/// What was sent and what came of it, exact.
public struct Account: Codable, Sendable, Equatable {
    public var sent = 0
    public var received = 0
    public var lost = 0
    public var duplicated = 0
    /// Messages that came behind a later one of the same producer.
    public var reordered = 0
    public init() {}
    public var isClean: Bool { lost == 0 && duplicated == 0 && reordered == 0 }
}

/// The processes of one side during the measured time.
public struct Cost: Codable, Sendable, Equatable {
    /// Seconds of processor time.
    public var user = 0.0
    public var system = 0.0
    public var voluntarySwitches = 0
    public var involuntarySwitches = 0
    public init() {}
    public var processorTime: Double { user + system }
}

public struct Window: Codable, Sendable, Equatable {
    public var seconds: Double
    public var messages: Int
    public init(seconds: Double, messages: Int) {
        self.seconds = seconds
        self.messages = messages
    }
    public var rate: Double { seconds > 0 ? Double(messages) / seconds : 0 }
}

/// Closed loop: as fast as it goes.
public struct Throughput: Codable, Sendable, Equatable {
    /// The median of the windows.
    public var messagesPerSecond: Double
    public var windows: [Window]
    public var account: Account
    public var producers: Cost
    public var consumers: Cost
    /// Messages that the costs belong to.
    public var measuredMessages: Int
    /// Sentences that limit what the figure says: a first window that differs, windows that scatter.
    public var warnings: [String]
    /// Sentences that void it; empty when it is valid.
    public var invalid: [String]

    public init(
        messagesPerSecond: Double, windows: [Window], account: Account, producers: Cost, consumers: Cost, measuredMessages: Int,
        warnings: [String], invalid: [String]
    ) {
        self.messagesPerSecond = messagesPerSecond
        self.windows = windows
        self.account = account
        self.producers = producers
        self.consumers = consumers
        self.measuredMessages = measuredMessages
        self.warnings = warnings
        self.invalid = invalid
    }

    /// The lowest and the highest window.
    public var range: ClosedRange<Double> {
        let rates = windows.map(\.rate)
        return (rates.min() ?? 0)...(rates.max() ?? 0)
    }

    /// Half the range, as a share of the median.
    public var spread: Double { messagesPerSecond > 0 ? (range.upperBound - range.lowerBound) / 2 / messagesPerSecond : 0 }
}

/// A distribution in seconds. `log` is the histogram itself in HdrHistogram's V2 compressed encoding, base64, in nanoseconds.
public struct Distribution: Codable, Sendable, Equatable {
    public var count: Int
    public var min: Double
    public var mean: Double
    public var p50: Double
    public var p90: Double
    public var p99: Double
    public var p999: Double
    public var max: Double
    public var log: String

    public init(count: Int, min: Double, mean: Double, p50: Double, p90: Double, p99: Double, p999: Double, max: Double, log: String) {
        self.count = count
        self.min = min
        self.mean = mean
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.max = max
        self.log = log
    }
}

/// Open loop: message i is due at start + i / rate, whatever became of those before it.
public struct Latency: Codable, Sendable, Equatable {
    /// Messages per second, asked for and kept.
    public var rate: Double
    public var achievedRate: Double
    /// From when a message was due until it was received; with `roundTrip` until its answer was.
    public var response: Distribution
    /// From when it was really sent. Absent for messages under 24 bytes, which have no room for the second stamp.
    public var service: Distribution?
    /// How late the generator was: from due to sent.
    public var publishDelay: Distribution
    public var account: Account
    public var producers: Cost
    public var consumers: Cost
    public var warnings: [String]
    /// Sentences that void it (a generator that could not keep up); empty when it is valid.
    public var invalid: [String]

    public init(
        rate: Double, achievedRate: Double, response: Distribution, service: Distribution?, publishDelay: Distribution, account: Account,
        producers: Cost, consumers: Cost, warnings: [String], invalid: [String]
    ) {
        self.rate = rate
        self.achievedRate = achievedRate
        self.response = response
        self.service = service
        self.publishDelay = publishDelay
        self.account = account
        self.producers = producers
        self.consumers = consumers
        self.warnings = warnings
        self.invalid = invalid
    }
}

public struct SearchStep: Codable, Sendable, Equatable {
    public var rate: Double
    /// The percentile of the objective, in seconds.
    public var value: Double
    public var isMet: Bool
    public init(rate: Double, value: Double, isMet: Bool) {
        self.rate = rate
        self.value = value
        self.isMet = isMet
    }
}
