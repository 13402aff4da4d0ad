internal import MQCore

/// Receiving from SQS as a value: what its owner and its service say happens to it, and what is to be done comes back. It knows
/// no socket and no thread; moments are nanoseconds of the monotonic clock.
struct Reception {
    /// What was decided when the receiver was opened.
    struct Plan {
        /// The most polls under way at once.
        var receivers = 4
        /// The most messages to hold that were not handed over yet.
        var window = 40
        /// How many messages will be asked for in all; `nil` when only `receive` tells.
        var total: Int?
        /// The longest wait of a poll, in seconds.
        var wait = 20
        /// In seconds.
        var visibility = 30
        var isFIFO = false
        var isPeeking = false
        var endsWhenEmpty = false
    }

    struct Poll {
        var asked: Int
        /// In seconds.
        var wait = 0
        var wantsProperties = false
        /// The moment at which it was started.
        var began: UInt64 = 0
        /// Makes a FIFO queue give the same messages again when the reply was lost.
        var attempt: String?
        var history = RetryPolicy.History()
    }

    /// A request about messages that are held.
    struct Job {
        enum Kind: Equatable {
            case delete
            /// Seconds from now until others see them.
            case release(Int)
            case extend
        }
        var kind: Kind
        var positions: [Int]
        var history = RetryPolicy.History()
    }

    enum Exchange {
        case poll(Poll)
        case job(Job)
    }

    enum Action {
        /// - Parameter receipts: those of a job's messages, with their positions.
        case start(tag: Int, Exchange, receipts: [(position: Int, receipt: [UInt8])])
        case cancel(tag: Int)
    }

    let plan: Plan

    // MARK: - What the owner says

    /// How many messages the owner has asked for and not got.
    private(set) var allowance = 0
    private(set) var hasAsked = false
    var wantsProperties = false
    private(set) var deadline = Deadline.never
    /// The whole seconds that the owner's call had when it began; `nil` without a bound.
    private(set) var patience: Int?
    /// The owner has nothing to do and was not woken yet.
    var isOwnerWaiting = false
    var isClosing = false

    // MARK: - What is here

    /// Messages that were not handed over yet, from `head`.
    var arrivals: [ReceivedMessage] = []
    private var head = 0
    var held = HeldMessages()
    /// Positions of messages to be deleted, and of those to become visible again after seconds.
    var deletions: [Int] = []
    var releases: [(position: Int, delay: Int)] = []
    /// The moment since which a deletion has waited for others to share its request; 0 when there is none.
    var deletionsSince: UInt64 = 0

    // MARK: - What is under way

    var exchanges: [Int: Exchange] = [:]
    var paused: [(due: UInt64, exchange: Exchange)] = []
    private var nextTag = 0
    /// How many polls are worth having under way: more while they come back full, one when they come back empty.
    var eagerness = 1
    var emptyPolls = 0
    /// Messages come one full reply after the other: the next event is near, and the service need not be woken.
    var isFlowing = false
    var lastArrival: UInt64 = 0
    /// The moment before which no poll is worth the request.
    var nextPoll: UInt64 = 0
    /// The moment at which a poll was last answered, and why the last one failed, if it did.
    var lastAnswer: UInt64 = 0
    var trouble: TransportError?
    /// What was not settled when the owner left is on its way back.
    var hasLeft = false

    // MARK: - What became of it

    var failure: TransportError?
    /// The queue is empty, as far as can be told, and that was asked for.
    var isEmpty = false
    private var hasToldEnd = false
    /// Nothing more will happen.
    private(set) var isClosed = false
    /// Messages whose deletion failed for good, and why.
    var undeleted = 0
    var undeletedReason: TransportError?
    /// Messages that may have become another receiver's while they were held.
    var slipped = 0
    /// Messages that could not be deleted because their receipts had lost their meaning.
    var staleReceipts = 0

    init(_ plan: Plan) { self.plan = plan }

    var ready: Int { arrivals.count - head }

    mutating func tag() -> Int {
        nextTag += 1
        return nextTag
    }

    // MARK: - The owner's events

    /// The owner wants up to `limit` messages now. Returns whether the service must be woken for it.
    mutating func ask(_ limit: Int, wantsProperties: Bool, until deadline: Deadline) -> Bool {
        let mayTakeMore = limit > allowance
        allowance = limit
        hasAsked = true
        self.wantsProperties = wantsProperties
        self.deadline = deadline
        patience = deadline.remaining.map { Self.patience($0) }
        isOwnerWaiting = ready == 0
        return isOwnerWaiting && (mayTakeMore || !isFlowing)
    }

    /// Whole seconds that end well before the owner's wait does: a poll that outlives its asker takes messages for nobody, and one
    /// that is not answered by then is late.
    static func patience(_ nanoseconds: UInt64) -> Int { nanoseconds < 500_000_000 ? 0 : Int((nanoseconds - 500_000_000) / 1_000_000_000) }

    /// The next messages, up to `limit` and about `byteLimit` bytes.
    mutating func take(_ limit: Int, byteLimit: Int) -> ArraySlice<ReceivedMessage> {
        var bytes = 0
        let end = head + min(limit, ready)
        var index = head
        while index < end && (index == head || bytes < byteLimit) {
            bytes += arrivals[index].body.count
            index += 1
        }
        let taken = arrivals[head..<index]
        head = index
        if head == arrivals.count {
            arrivals.removeAll(keepingCapacity: true)
            head = 0
        }
        if allowance != .max { allowance -= taken.count }
        return taken
    }

    /// Messages are to be deleted, or become visible again after `delay` seconds. Returns how many of them are not held, and whether the
    /// service must be woken.
    mutating func settle(_ positions: Range<Int>, delay: Int?) -> (unknown: Int, wakes: Bool) {
        let wasIdle = deletions.isEmpty
        var unknown = 0
        for position in positions {
            if position >= held.total - ready || !held.leave(position) {
                unknown += 1
            } else if let delay {
                releases.append((position, delay))
            } else {
                deletions.append(position)
            }
        }
        let isWorthIt = wasIdle || deletions.count >= SendRequest.maximumEntries
        return (unknown, delay != nil || (isWorthIt && !isFlowing))
    }

    /// Whether the owner is to hear that the queue is empty; it may ask again all the same.
    var tellsEnd: Bool {
        mutating get {
            if isEmpty { hasToldEnd = true }
            return isEmpty
        }
    }

    /// The owner asks though it was told that the queue is empty: what went back to it may be there again. Returns whether the service
    /// must be woken.
    mutating func lookAgain() -> Bool {
        guard hasToldEnd else { return false }
        (isEmpty, hasToldEnd, emptyPolls) = (false, false, 0)
        return true
    }

    mutating func close() {
        isClosing = true
        isOwnerWaiting = true
    }

    /// Nothing that was taken ahead is handed over any more.
    mutating func dropArrivals() {
        arrivals = []
        head = 0
    }

    /// Why nothing is known of the queue, for an owner whose wait ends now: no poll was answered since `start` and the last one failed, or
    /// one is late. `nil` where no message means that there is none.
    func silence(since start: UInt64, at now: UInt64) -> TransportError? {
        if let trouble, lastAnswer < start { return trouble }
        let late = exchanges.values.compactMap { exchange -> UInt64? in
            guard case .poll(let poll) = exchange else { return nil }
            let due = poll.began + UInt64(poll.wait) * 1_000_000_000 + Self.lateness
            return now > due ? now - poll.began : nil
        }
        guard let longest = late.max() else { return nil }
        let words = Quantity.words(.milliseconds(Int64(longest / 100_000_000) * 100))
        return TransportError(
            .tryAgain, "SQS has not answered for \(words): whether the queue is empty is unknown", isRetriable: true)
    }

    /// How much later than it should a poll may be answered, in nanoseconds.
    private static let lateness: UInt64 = 400_000_000

    // MARK: - The service's end

    /// The service cannot go on: what was to be deleted will come again.
    mutating func end(_ error: TransportError?) {
        if let error {
            failure = failure ?? error
            let waiting = (Array(exchanges.values) + paused.map(\.exchange)).reduce(deletions.count) { sum, exchange in
                if case .job(let job) = exchange, job.kind == .delete { return sum + job.positions.count }
                return sum
            }
            undeleted += waiting
            undeletedReason = undeletedReason ?? error
        }
        isClosed = true
    }
}
