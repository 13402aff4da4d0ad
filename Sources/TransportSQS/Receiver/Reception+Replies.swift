internal import MQCore

/// What comes of the requests.
extension Reception {
    /// An empty poll says little: a queue is empty when three in a row are, each waiting a second.
    private static let emptyPollsToEnd = 3
    /// Between polls that do not wait at the service, in nanoseconds.
    private static let shortPollPause: UInt64 = 50_000_000

    /// The exchange of that tag has ended; `nil` when it was cancelled.
    mutating func ended(_ tag: Int) -> Exchange? { exchanges.removeValue(forKey: tag) }

    /// An exchange failed, and goes again or is given up.
    mutating func failed(_ exchange: Exchange, _ decision: RetryPolicy.Decision, _ error: TransportError, at now: UInt64) {
        if case .poll = exchange { trouble = error }
        switch (decision, exchange) {
        case (.now, _): paused.append((0, exchange))
        case (.after(let pause), _): paused.append((now + pause.nanoseconds, exchange))
        case (.giveUp, .poll): failure = failure ?? error
        case (.giveUp, .job(let job)): giveUp(job, job.positions, error)
        }
    }

    // MARK: - Messages

    /// A poll brought messages, or none. Returns whether the owner waits for that.
    mutating func arrived(_ messages: [ReceivedMessage], _ poll: Poll, at now: UInt64) -> Bool {
        (lastAnswer, trouble) = (now, nil)
        // While messages of a FIFO queue are held, that no more come says nothing.
        let saysNothing = plan.isFIFO && !plan.isPeeking && held.count > 0
        emptyPolls = messages.isEmpty && !saysNothing ? emptyPolls + 1 : 0
        let isFull = messages.count >= poll.asked
        eagerness = isFull ? min(eagerness * 2, plan.receivers) : messages.isEmpty ? 1 : eagerness
        isFlowing = isFull && !messages.isEmpty && !plan.isFIFO
        if !messages.isEmpty { lastArrival = now }
        if messages.isEmpty && poll.wait == 0 { nextPoll = now + Self.shortPollPause }
        var positions: [Int] = []
        positions.reserveCapacity(messages.count)
        for message in messages {
            let position = held.add(message.handle, at: now)
            positions.append(position)
            arrivals.append(message)
        }
        if !positions.isEmpty { held.keep(positions, due: beat(now)) }
        let isEnd = plan.endsWhenEmpty && emptyPolls >= Self.emptyPollsToEnd && !hasPolls
        if isEnd { if plan.isPeeking { isClosing = true } else { isEmpty = true } }
        guard isOwnerWaiting && (!positions.isEmpty || isEnd) else { return false }
        isOwnerWaiting = false
        return true
    }

    private var hasPolls: Bool {
        let isPoll = { (exchange: Exchange) in if case .poll = exchange { true } else { false } }
        return exchanges.values.contains(where: isPoll) || paused.contains { isPoll($0.exchange) }
    }

    /// When what is held now must be extended: at half its visibility.
    private func beat(_ now: UInt64) -> UInt64 { now + UInt64(plan.visibility) * 500_000_000 }

    // MARK: - Jobs

    /// Walks the reply by what was asked: what it does not mention has failed.
    /// - Returns: what is left of the job, and why.
    mutating func finished(_ job: Job, _ reply: SendReply, at now: UInt64) -> (rest: Job, ServiceFailure)? {
        var done: [Int] = []
        var rest = Job(kind: job.kind, positions: [], history: job.history)
        var reason = ServiceFailure.garbled("SQS's reply does not mention the message")
        for position in job.positions {
            if reply.successes.contains(where: { $0.position == position }) {
                done.append(position)
            } else if let failed = reply.failures.first(where: { $0.position == position }) {
                let failure = ServiceFailure(entry: failed)
                if failure.isTemporary {
                    reason = failure
                    rest.positions.append(position)
                } else if job.kind == .delete && ["ReceiptHandleIsInvalid", "InvalidReceiptHandle"].contains(failure.code) {
                    staleReceipts += 1
                    held[position] = nil
                } else {
                    giveUp(job, [position], failure.error)
                }
            } else {
                rest.positions.append(position)
            }
        }
        if job.kind == .extend {
            if !done.isEmpty { held.keep(done, due: beat(now)) }
        } else {
            for position in done { held[position] = nil }
        }
        if rest.positions.isEmpty { return nil }
        if rest.positions.count < job.positions.count { rest.history.progressed() }
        return (rest, reason)
    }

    /// A message that cannot be kept or given back comes again by itself; one that cannot be deleted does too, and that is an error.
    private mutating func giveUp(_ job: Job, _ positions: [Int], _ error: TransportError) {
        switch job.kind {
        case .delete:
            undeleted += positions.count
            undeletedReason = error
            for position in positions { held[position] = nil }
        case .release: for position in positions { held[position] = nil }
        case .extend: slipped += positions.count
        }
    }
}
