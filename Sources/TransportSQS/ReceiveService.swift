internal import MQCore
internal import MQNet

/// Polls, deletes, extends and gives back, on its own thread, until it is closed.
final class ReceiveService {
    /// A request about messages that are held.
    struct Job {
        enum Kind {
            case delete
            /// Seconds from now until others see them.
            case release(Int)
            case extend
        }
        var kind: Kind
        var numbers: [Int]
        var history = RetryPolicy.History()
    }

    struct Poll {
        var asked: Int
        /// Seconds.
        var wait = 0
        /// The monotonic moment at which it was started.
        var began: UInt64 = 0
        /// Makes a FIFO queue give the same messages again when the reply was lost.
        var attempt: String?
        var history = RetryPolicy.History()
    }

    let connection: Connection
    let url: String
    let desk: ReceiveDesk
    let crypto: Crypto?
    let receivers: Int
    let window: Int
    let longestWait: Int
    /// Seconds.
    let visibility: Int
    let isPeeking: Bool
    let endsWhenEmpty: Bool
    let notices: Notices
    var polls: [Int: Poll] = [:]
    var pausedPolls: [(due: UInt64, poll: Poll)] = []
    var jobs: [Int: Job] = [:]
    var pausedJobs: [(due: UInt64, job: Job)] = []
    var nextTag = 0
    /// How many polls are worth having under way: more while they come back full, one when they come back empty.
    var eagerness = 1
    var emptyPolls = 0
    /// Messages come one full reply after the other: the next event is near.
    var isFlowing = false
    var wakesOwner = false
    /// The monotonic moment of the last messages.
    var lastArrival: UInt64 = 0
    /// The moment before which no poll is worth the request.
    var nextPoll: UInt64 = 0
    private var deletionsSince: UInt64 = 0
    var isFIFO: Bool { connection.settings.target.isFIFO }

    /// Deletions wait so long for others to share their request, in nanoseconds.
    private static let gathering: UInt64 = 20_000_000
    /// A poll that has waited so long has found nothing, in nanoseconds: it can be dropped.
    private static let youth: UInt64 = 200_000_000
    /// How long the owner's settling of a FIFO queue's messages is awaited, in nanoseconds.
    static let groupPatience: UInt64 = 100_000_000
    /// While messages flow, the desk is looked at so often, in nanoseconds, and nobody need wake this thread.
    private static let attention: UInt64 = 2_000_000
    /// A message cannot be kept longer, in nanoseconds (ChangeMessageVisibility in the SQS API reference).
    static let longestHold: UInt64 = 12 * 3600 * 1_000_000_000

    init(_ connection: Connection, url: String, desk: ReceiveDesk, _ opening: Opening) {
        self.connection = connection
        self.url = url
        self.desk = desk
        crypto = try? Crypto.shared()
        let options = connection.settings.options
        receivers = options.integer("receivers") ?? 4
        window = max(1, opening.prefetch ?? receivers * SendRequest.maximumEntries)
        longestWait = options.duration("wait").map { Int(min($0.nanoseconds / 1_000_000_000, 20)) } ?? 20
        visibility = options.duration("visibility").map { Int(max(1, min($0.nanoseconds / 1_000_000_000, 43200))) } ?? 30
        isPeeking = opening.mode == .peek
        endsWhenEmpty = isPeeking || opening.endsWhenEmpty
        notices = opening.notices
        connection.stop = desk.abandon
    }

    func run() {
        do throws(TransportError) {
            while !desk.abandon.isRaised {
                let due = try startWhatIsDue()
                // Once for all that came, and after the requests that this called for.
                if wakesOwner { desk.wakeOwner() }
                wakesOwner = false
                if isFinished { break }
                let completions = try connection.http.wait(until: due, stop: desk.abandon)
                if completions.isEmpty { isFlowing = false }
                for completion in completions { try handle(completion) }
            }
        } catch {
            fail(error)
            abandonDeletions(error)
        }
        desk.state.withLock { $0.isClosed = true }
        desk.wakeOwner()
    }

    private var isFinished: Bool {
        desk.state.withLock { $0.isClosing && $0.deletions.isEmpty && $0.releases.isEmpty } && jobs.isEmpty && pausedJobs.isEmpty
            && polls.isEmpty
    }

    /// What was acknowledged and not deleted will come again, and the owner must know.
    private func abandonDeletions(_ error: TransportError) {
        let under = (Array(jobs.values) + pausedJobs.map(\.job)).reduce(0) { sum, job in
            if case .delete = job.kind { return sum + job.numbers.count }
            return sum
        }
        desk.state.withLock { state in
            state.undeleted += under + state.deletions.count
            state.undeletedReason = state.undeletedReason ?? error
        }
    }

    /// Tells the owner, who hands on what came before.
    func fail(_ error: TransportError) {
        if error.code == .noSuchQueue { connection.forgetURL() }
        desk.state.withLock { $0.failure = $0.failure ?? error }
        desk.wakeOwner()
    }

    // MARK: - Starting

    /// Starts every request whose time has come, and returns when the next one's will.
    private func startWhatIsDue() throws(TransportError) -> Deadline {
        let now = Deadline.now()
        var due = UInt64.max
        if desk.state.withLock({ $0.isClosing }) { due = leave(now) }
        for (time, job) in pausedJobs where time <= now { try start(job) }
        pausedJobs.removeAll { $0.due <= now }
        for (time, poll) in pausedPolls where time <= now { try start(poll) }
        pausedPolls.removeAll { $0.due <= now }
        due = min(due, pausedJobs.map(\.due).min() ?? .max, pausedPolls.map(\.due).min() ?? .max)
        due = min(due, try startJobs(now))
        if isFIFO && now < lastArrival + Self.groupPatience { due = min(due, lastArrival + Self.groupPatience) }
        if now >= nextPoll { try startPolls() } else { due = min(due, nextPoll) }
        return Deadline(nanoseconds: due)
    }

    /// Takes nothing new, and gives everything back that nobody settled. Returns when to look again.
    private func leave(_ now: UInt64) -> UInt64 {
        var due = UInt64.max
        for (tag, poll) in polls {
            // What a young poll brings may be on its way already, and would be hidden from all until its visibility ends.
            if now < poll.began + Self.youth {
                due = min(due, poll.began + Self.youth)
            } else {
                connection.http.cancel(tag)
                polls[tag] = nil
            }
        }
        pausedPolls = []
        desk.state.withLock { state in
            for number in state.held.staying where state.held.leave(number) { state.releases.append((number, 0)) }
            // Who only looks is shown what came, wherever it is by now.
            guard !isPeeking else { return }
            state.arrivals = []
            state.head = 0
        }
        return due
    }

    private func startJobs(_ now: UInt64) throws(TransportError) -> UInt64 {
        var due = UInt64.max
        var started: [Job] = []
        desk.state.withLock { state in
            let size = SendRequest.maximumEntries
            let isUrgent = state.isClosing || (state.isOwnerWaiting && !isFlowing)
            state.isAttentive = isFlowing
            if isFlowing { due = now + Self.attention }
            while state.deletions.count >= size || (!state.deletions.isEmpty && (isUrgent || isOverdue(now))) {
                started.append(Job(kind: .delete, numbers: Array(state.deletions.prefix(size))))
                state.deletions.removeFirst(min(size, state.deletions.count))
            }
            if state.deletions.isEmpty {
                deletionsSince = 0
            } else {
                if deletionsSince == 0 { deletionsSince = now }
                due = min(due, deletionsSince + Self.gathering)
            }
            while let first = state.releases.first {
                let numbers = state.releases.prefix(size).prefix { $0.delay == first.delay }.map(\.number)
                state.releases.removeFirst(numbers.count)
                started.append(Job(kind: .release(first.delay), numbers: numbers))
            }
            while let beat = state.held.nextBeat(), beat <= now {
                var numbers = state.held.takeBeat(at: now)
                numbers.removeAll { now - (state.held[$0]?.since ?? now) + UInt64(visibility) * 1_000_000_000 > Self.longestHold }
                for start in stride(from: 0, to: numbers.count, by: size) {
                    started.append(Job(kind: .extend, numbers: Array(numbers[start..<min(start + size, numbers.count)])))
                }
            }
            due = min(due, state.held.nextBeat() ?? .max)
        }
        for job in started { try start(job) }
        return due
    }

    private func isOverdue(_ now: UInt64) -> Bool { deletionsSince > 0 && now >= deletionsSince + Self.gathering }

    private func start(_ job: Job) throws(TransportError) {
        let (operation, body) = request(for: job)
        try connection.start(operation, body: body, tag: nextTag)
        jobs[nextTag] = job
        nextTag += 1
    }

    // MARK: - Replies

    private func handle(_ completion: HTTPCompletion) throws(TransportError) {
        if let poll = polls.removeValue(forKey: completion.tag) {
            switch connection.interpret(completion.result, of: "ReceiveMessage") {
            case .failure(let failure): pause(poll, failure)
            case .success(let bytes):
                do throws(TransportError) {
                    try arrived(ReceiveReply.parse(bytes), poll)
                } catch {
                    pause(poll, .garbled("ReceiveMessage: the reply cannot be read: \(error.message)"))
                }
            }
        } else if let job = jobs.removeValue(forKey: completion.tag) {
            finish(job, connection.interpret(completion.result, of: operation(of: job)))
        }
    }
}
