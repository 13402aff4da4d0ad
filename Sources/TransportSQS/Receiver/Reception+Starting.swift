internal import MQCore

/// What is to be asked of SQS, and when.
extension Reception {
    /// A poll for a queue that may be empty waits so long, in seconds.
    private static let shortWait = 1
    /// Deletions wait so long for others to share their request, in nanoseconds.
    private static let gathering: UInt64 = 20_000_000
    /// A poll that has waited so long has found nothing, in nanoseconds: it can be dropped.
    private static let youth: UInt64 = 200_000_000
    /// How long the owner's settling of a FIFO queue's messages is awaited, in nanoseconds.
    private static let groupPatience: UInt64 = 100_000_000
    /// While messages flow, the service looks here so often, in nanoseconds, and need not be woken.
    private static let attention: UInt64 = 2_000_000
    /// A message cannot be kept longer, in nanoseconds (ChangeMessageVisibility in the SQS API reference).
    private static let longestHold: UInt64 = 12 * 3600 * 1_000_000_000

    /// Everything whose time has come.
    /// - Returns: what to do, the moment of the next call, and whether nothing is left to do for an owner who has gone.
    mutating func advance(at now: UInt64) -> (actions: [Action], due: UInt64, isDone: Bool) {
        var actions: [Action] = []
        var due = UInt64.max
        if isClosing { due = leave(now, &actions) }
        let ready = paused.filter { $0.due <= now }
        paused.removeAll { $0.due <= now }
        for (_, exchange) in ready { start(exchange, now, &actions) }
        due = min(due, paused.map(\.due).min() ?? .max, startJobs(now, &actions))
        if plan.isFIFO && now < lastArrival + Self.groupPatience { due = min(due, lastArrival + Self.groupPatience) }
        if now >= nextPoll { startPolls(now, &actions) } else { due = min(due, nextPoll) }
        return (actions, due, hasLeft && deletions.isEmpty && releases.isEmpty && exchanges.isEmpty && paused.isEmpty)
    }

    private mutating func start(_ exchange: Exchange, _ now: UInt64, _ actions: inout [Action]) {
        var exchange = exchange
        var receipts: [(position: Int, receipt: [UInt8])] = []
        switch exchange {
        case .poll(var poll):
            poll.began = now
            let left = isOwnerWaiting ? deadline.remaining.map { Self.patience($0) } : patience
            let isBrief = plan.endsWhenEmpty || (plan.isFIFO && held.count > 0)
            poll.wait = min(left ?? plan.wait, isBrief ? Self.shortWait : plan.wait, plan.wait)
            poll.wantsProperties = wantsProperties
            exchange = .poll(poll)
        case .job(let job): receipts = job.positions.compactMap { position in held[position].map { (position, $0.handle) } }
        }
        let tag = tag()
        exchanges[tag] = exchange
        actions.append(.start(tag: tag, exchange, receipts: receipts))
    }

    // MARK: - Leaving

    /// Takes nothing new, and gives everything back that nobody settled. Returns when to look again.
    private mutating func leave(_ now: UInt64, _ actions: inout [Action]) -> UInt64 {
        hasLeft = true
        var due = UInt64.max
        for (tag, exchange) in exchanges {
            guard case .poll(let poll) = exchange else { continue }
            // What a young poll brings may be on its way already, and would be hidden from all until its visibility ends.
            if now < poll.began + Self.youth {
                due = min(due, poll.began + Self.youth)
            } else {
                actions.append(.cancel(tag: tag))
                exchanges[tag] = nil
            }
        }
        paused.removeAll { if case .poll = $0.exchange { true } else { false } }
        for position in held.staying where held.leave(position) { releases.append((position, 0)) }
        // Who only looks is shown what came, wherever it is by now.
        if !plan.isPeeking { dropArrivals() }
        return due
    }

    // MARK: - Jobs

    private mutating func startJobs(_ now: UInt64, _ actions: inout [Action]) -> UInt64 {
        let size = SendRequest.maximumEntries
        var due = isFlowing ? now + Self.attention : .max
        let isUrgent = isClosing || (isOwnerWaiting && !isFlowing) || (deletionsSince > 0 && now >= deletionsSince + Self.gathering)
        while deletions.count >= size || (!deletions.isEmpty && isUrgent) {
            start(.job(Job(kind: .delete, positions: Array(deletions.prefix(size)))), now, &actions)
            deletions.removeFirst(min(size, deletions.count))
        }
        if deletions.isEmpty {
            deletionsSince = 0
        } else {
            if deletionsSince == 0 { deletionsSince = now }
            due = min(due, deletionsSince + Self.gathering)
        }
        while let first = releases.first {
            let positions = releases.prefix(size).prefix { $0.delay == first.delay }.map(\.position)
            releases.removeFirst(positions.count)
            start(.job(Job(kind: .release(first.delay), positions: positions)), now, &actions)
        }
        while let beat = held.nextBeat(), beat <= now {
            var positions = held.takeBeat(at: now)
            positions.removeAll { now - (held[$0]?.since ?? now) + UInt64(plan.visibility) * 1_000_000_000 > Self.longestHold }
            for first in stride(from: 0, to: positions.count, by: size) {
                start(.job(Job(kind: .extend, positions: Array(positions[first..<min(first + size, positions.count)]))), now, &actions)
            }
        }
        return min(due, held.nextBeat() ?? .max)
    }

    // MARK: - Polls

    private mutating func startPolls(_ now: UInt64, _ actions: inout [Action]) {
        let limit = plan.endsWhenEmpty && emptyPolls > 0 ? 1 : eagerness
        while true {
            let (count, asked) = pollsUnderWay
            guard count < limit, let size = sizeOfPoll(under: asked, now) else { return }
            // The identity is random and not counted: a receiver that starts again must not meet its old ones.
            let attempt = plan.isFIFO ? String(UInt64.random(in: 0...UInt64.max), radix: 36) : nil
            start(.poll(Poll(asked: size, attempt: attempt)), now, &actions)
        }
    }

    /// How many polls are under way or wait for their next try, and what they ask for together.
    private var pollsUnderWay: (count: Int, asked: Int) {
        var (count, asked) = (0, 0)
        func add(_ exchange: Exchange) {
            guard case .poll(let poll) = exchange else { return }
            count += 1
            asked += poll.asked
        }
        for exchange in exchanges.values { add(exchange) }
        for (_, exchange) in paused { add(exchange) }
        return (count, asked)
    }

    /// How many messages the next poll may ask for; `nil` when none is due.
    private func sizeOfPoll(under: Int, _ now: UInt64) -> Int? {
        if !hasAsked || isClosing || isEmpty || failure != nil || waitsForGroup(now) { return nil }
        let most = SendRequest.maximumEntries
        var wanted = allowance - ready - under
        if let total = plan.total {
            let rest = total - held.total - under
            // An owner who takes few at a time may be about to leave: what one poll brings lasts until that is known.
            if plan.isPeeking || allowance >= most || ready + under == 0 { wanted = max(wanted, rest) }
        } else if plan.isPeeking {
            // What is only shown is given back: of a FIFO queue's group nothing more comes until then, so a full batch is taken.
            wanted = plan.window
        }
        wanted = min(wanted, plan.window, most)
        // A poll for a few messages costs as much as one for ten: it waits until there is room for all it may bring.
        return wanted > 0 && wanted <= plan.window - ready - under ? wanted : nil
    }

    /// SQS gives no further message of a FIFO group while one of it is in flight, and a poll that began then may not notice when that ends
    /// (moto's does not). So the next poll waits until what came is deleted, or its owner takes long.
    private func waitsForGroup(_ now: UInt64) -> Bool {
        guard plan.isFIFO, !plan.isPeeking, held.count > 0 else { return false }
        let isJob = { (exchange: Exchange) in if case .job = exchange { true } else { false } }
        return exchanges.values.contains(where: isJob) || paused.contains { isJob($0.exchange) } || !deletions.isEmpty
            || now < lastArrival + Self.groupPatience
    }
}
