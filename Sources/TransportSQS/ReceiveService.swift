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
    private let receivers: Int
    private let window: Int
    private let longestWait: Int
    /// Seconds.
    let visibility: Int
    private let isPeeking: Bool
    private let endsWhenEmpty: Bool
    private let notices: Notices
    private var polls: [Int: Poll] = [:]
    private var pausedPolls: [(due: UInt64, poll: Poll)] = []
    var jobs: [Int: Job] = [:]
    var pausedJobs: [(due: UInt64, job: Job)] = []
    private var nextTag = 0
    /// How many polls are worth having under way: more while they come back full, one when they come back empty.
    private var eagerness = 1
    private var emptyPolls = 0
    /// Messages come one full reply after the other: the next event is near.
    private var isFlowing = false
    private var wakesOwner = false
    /// The monotonic moment of the last messages.
    private var lastArrival: UInt64 = 0
    /// The moment before which no poll is worth the request.
    private var nextPoll: UInt64 = 0
    private var deletionsSince: UInt64 = 0
    private var isFIFO: Bool { connection.settings.target.isFIFO }

    /// An empty poll says little: a queue is empty when three in a row are, each waiting a second.
    private static let emptyPollsToEnd = 3
    private static let shortWait = 1
    /// Deletions wait so long for others to share their request, in nanoseconds.
    private static let gathering: UInt64 = 20_000_000
    /// A poll that has waited so long has found nothing, in nanoseconds: it can be dropped.
    private static let youth: UInt64 = 200_000_000
    /// How long the owner's settling of a FIFO queue's messages is awaited, in nanoseconds.
    private static let groupPatience: UInt64 = 100_000_000
    /// While messages flow, the desk is looked at so often, in nanoseconds, and nobody need wake this thread.
    private static let attention: UInt64 = 2_000_000
    /// Between polls that do not wait at the service, in nanoseconds.
    private static let shortPollPause: UInt64 = 50_000_000
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
    private func fail(_ error: TransportError) {
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

    /// Nothing comes of a group of which something is in flight, and a poll that began then may not notice that it ends (moto's
    /// does not). So a FIFO queue is asked again when what came is deleted, or its owner takes long with it.
    private func waitsForGroup(_ state: borrowing ReceiveDesk.State, _ now: UInt64) -> Bool {
        guard isFIFO, !isPeeking, state.held.count > 0 else { return false }
        return !jobs.isEmpty || !pausedJobs.isEmpty || !state.deletions.isEmpty || now < lastArrival + Self.groupPatience
    }

    private func startPolls() throws(TransportError) {
        let now = Deadline.now()
        let limit = endsWhenEmpty && emptyPolls > 0 ? 1 : eagerness
        while polls.count + pausedPolls.count < limit {
            let asked = desk.state.withLock { state in
                if state.isClosing || state.isEmpty || state.failure != nil || waitsForGroup(state, now) { return 0 }
                let under = polls.values.reduce(0) { $0 + $1.asked } + pausedPolls.reduce(0) { $0 + $1.poll.asked }
                // What is only shown is given back: of a FIFO queue's group nothing more comes until then, so a full batch is taken.
                let wanted = min(isPeeking ? window : state.allowance - state.ready - under, window, SendRequest.maximumEntries)
                // A poll for a few messages costs as much as one for ten: it waits until there is room for all it may bring.
                return wanted <= window - state.ready - under ? wanted : 0
            }
            guard asked > 0 else { return }
            // The identity is random and not counted: a receiver that starts again must not meet its old ones.
            let attempt = isFIFO ? String(UInt64.random(in: 0...UInt64.max), radix: 36) : nil
            try start(Poll(asked: asked, attempt: attempt))
        }
    }

    private func start(_ poll: Poll) throws(TransportError) {
        var poll = poll
        let (wait, wantsProperties) = desk.state.withLock { state in
            // Whole seconds that end before the owner's wait does: a poll that outlives its asker takes messages for nobody.
            let left = state.isOwnerWaiting ? state.deadline.remaining.map { Int($0 / 1_000_000_000) } : state.patience
            let isBrief = endsWhenEmpty || (isFIFO && state.held.count > 0)
            return (min(left ?? longestWait, isBrief ? Self.shortWait : longestWait), state.wantsProperties)
        }
        let body = pollBody(poll, wait: wait, wantsProperties: wantsProperties)
        try connection.start("ReceiveMessage", body: body, tag: nextTag, timeout: .seconds(wait) + Connection.usualTimeout)
        poll.wait = wait
        poll.began = Deadline.now()
        polls[nextTag] = poll
        nextTag += 1
    }

    private func pollBody(_ poll: Poll, wait: Int, wantsProperties: Bool) -> [UInt8] {
        var json = Connection.body(url)
        for (key, number) in [("MaxNumberOfMessages", poll.asked), ("WaitTimeSeconds", wait), ("VisibilityTimeout", visibility)] {
            json.key(key)
            json.value(number)
        }
        func list(_ key: String, _ names: [String]) {
            json.key(key)
            json.open("[")
            for name in names { json.value(name) }
            json.close("]")
        }
        list("MessageAttributeNames", [wantsProperties ? "All" : MessageText.marker.name])
        if wantsProperties {
            list("AttributeNames", ["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId", "MessageDeduplicationId"])
        }
        if let attempt = poll.attempt {
            json.key("ReceiveRequestAttemptId")
            json.value(attempt)
        }
        json.close("}")
        return json.bytes
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

    private func pause(_ poll: Poll, _ failure: ServiceFailure) {
        var poll = poll
        switch connection.decide(failure, &poll.history) {
        case .now: pausedPolls.append((0, poll))
        case .after(let time): pausedPolls.append((Deadline.now() + time.nanoseconds, poll))
        case .giveUp: fail(failure.error)
        }
    }

    private func arrived(_ messages: [ReceivedMessage], _ poll: Poll) throws(TransportError) {
        connection.succeeded(after: poll.history)
        // While messages of a FIFO queue are held, that no more come says nothing.
        let saysNothing = isFIFO && !isPeeking && desk.state.withLock { $0.held.count > 0 }
        emptyPolls = messages.isEmpty && !saysNothing ? emptyPolls + 1 : 0
        eagerness = messages.count >= poll.asked ? min(eagerness * 2, receivers) : messages.isEmpty ? 1 : eagerness
        isFlowing = !messages.isEmpty && messages.count >= poll.asked && !isFIFO
        let now = Deadline.now()
        if !messages.isEmpty { lastArrival = now }
        if messages.isEmpty && poll.wait == 0 { nextPoll = now + Self.shortPollPause }
        var arrivals: [ReceivedMessage] = []
        arrivals.reserveCapacity(messages.count)
        for var message in messages {
            if let crypto, let digest = message.digest, message.body.withUnsafeBytes({ crypto.md5($0) }) != digest {
                notices.warn("message \(message.id?.printable ?? "") came damaged (its MD5 differs) and is left in the queue")
                continue
            }
            message.decode()
            arrivals.append(message)
        }
        let isEmpty = endsWhenEmpty && emptyPolls >= Self.emptyPollsToEnd && polls.isEmpty && pausedPolls.isEmpty
        let wakes = desk.state.withLock { state in
            var numbers: [Int] = []
            for message in arrivals {
                let number = state.held.add(message.handle, at: now)
                numbers.append(number)
                state.arrivals.append(ReceiveDesk.Arrival(number: number, message: message))
            }
            if !numbers.isEmpty { state.held.keep(numbers, due: now + UInt64(visibility) * 500_000_000) }
            if isEmpty && isPeeking { state.isClosing = true } else if isEmpty { state.isEmpty = true }
            guard state.isOwnerWaiting && (!numbers.isEmpty || isEmpty) else { return false }
            state.isOwnerWaiting = false
            return true
        }
        if wakes { wakesOwner = true }
    }
}
