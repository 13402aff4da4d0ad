internal import MQCore

/// Asking for messages, and what comes of it.
extension ReceiveService {
    /// An empty poll says little: a queue is empty when three in a row are, each waiting a second.
    private static let emptyPollsToEnd = 3
    private static let shortWait = 1
    /// Between polls that do not wait at the service, in nanoseconds.
    private static let shortPollPause: UInt64 = 50_000_000

    /// Nothing comes of a group of which something is in flight, and a poll that began then may not notice that it ends (moto's
    /// does not). So a FIFO queue is asked again when what came is deleted, or its owner takes long with it.
    private func waitsForGroup(_ state: borrowing ReceiveDesk.State, _ now: UInt64) -> Bool {
        guard isFIFO, !isPeeking, state.held.count > 0 else { return false }
        return !jobs.isEmpty || !pausedJobs.isEmpty || !state.deletions.isEmpty || now < lastArrival + Self.groupPatience
    }

    func startPolls() throws(TransportError) {
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

    func start(_ poll: Poll) throws(TransportError) {
        var poll = poll
        let (wait, wantsProperties) = desk.state.withLock { state in
            // Whole seconds that end before the owner's wait does: a poll that outlives its asker takes messages for nobody.
            let left = state.isOwnerWaiting ? state.deadline.remaining.map { Int($0 / 1_000_000_000) } : state.patience
            let isBrief = endsWhenEmpty || (isFIFO && state.held.count > 0)
            return (min(left ?? longestWait, isBrief ? Self.shortWait : longestWait, longestWait), state.wantsProperties)
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

    func pause(_ poll: Poll, _ failure: ServiceFailure) {
        var poll = poll
        switch connection.decide(failure, &poll.history) {
        case .now: pausedPolls.append((0, poll))
        case .after(let time): pausedPolls.append((Deadline.now() + time.nanoseconds, poll))
        case .giveUp: fail(failure.error)
        }
    }

    func arrived(_ messages: [ReceivedMessage], _ poll: Poll) throws(TransportError) {
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
                state.arrivals.append(message)
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
