import MQCore

/// One run of `mq check`.
struct CheckRun {
    struct Plan {
        var isInPlace = false
        /// The address names no queue, and none but a private one is meant.
        var wantsPrivate = false
        var timeout: Duration
        /// Of the round trip, in seconds; of the answer where no message is sent.
        var time: AlertRange?
        var depth: AlertRange?
        var age: AlertRange?
    }

    /// As it was typed.
    let text: String
    let address: ResolvedAddress
    let options: [String]
    let plan: Plan
    let stop: StopFlag
    let console: Console

    /// - Throws: `usage`, `unsupported`, `configuration`: what is wrong with the question, not with the queue.
    func run() throws(TransportError) -> [CheckResult] {
        let transport = try address.transport()
        let capabilities = address.descriptor.capabilities
        var results: [CheckResult] = []
        let point = Result { () throws(TransportError) in try transport.meetingPoint(named: PrivateName.make("mq-check")) }
        let isPrivate = isPrivate(point)
        if plan.wantsPrivate { _ = try point.get() }
        if isPrivate, plan.isInPlace || plan.depth != nil || plan.age != nil {
            throw TransportError(
                .usage,
                "--\(plan.isInPlace ? "in-place" : plan.depth != nil ? "depth" : "age") is about a queue, and the address names none")
        }
        var goesRound = capabilities.isSuperset(of: [.send, .receive]) && (isPrivate || capabilities.contains(.admin))
        // An address that leads to brokers which come and go: they are asked, and their numbers are.
        if goesRound, !plan.isInPlace, case .failure(let error) = point, error.code == .unsupported {
            console.note("no message is sent there and back: \(error.sentence)")
            goesRound = false
        }
        // Without a broker there is nobody to ask before a private queue is made.
        if !isPrivate || capabilities.contains(.admin) && capabilities.isDisjoint(with: [.kernel, .processLocal]) {
            results.append(
                try timed("up", goesRound ? nil : plan.time) { () throws(TransportError) in Self.words(try transport.probe(opening())) })
            guard results[0].state == .ok else { return results }
        }
        if goesRound {
            results.append(try timed("round-trip", plan.time) { () throws(TransportError) in try roundTrip(transport, point) })
        }
        if plan.depth != nil || plan.age != nil {
            try address.require(.admin, for: "tell how much is in a queue")
            results += try numbers(transport)
        }
        return results
    }

    private func isPrivate(_ point: Result<MeetingPoint, TransportError>) -> Bool { (try? point.get())?.isPrivate == true }

    private func opening() -> Opening {
        var opening = Opening(stop: stop)
        opening.deadline = .after(plan.timeout)
        opening.triesOnce = true
        opening.isPrompt = true
        return opening
    }

    private static func words(_ facts: [Fact]) -> String {
        facts.isEmpty ? "answers" : facts.prefix(5).map { "\($0.label.lowercased()) \($0.value.text)" }.joined(separator: ", ")
    }

    /// Runs one check; its failure is a result.
    private func timed(
        _ name: String, _ range: AlertRange?, _ body: () throws(TransportError) -> String
    ) throws(TransportError) -> CheckResult {
        let start = Deadline.now()
        do throws(TransportError) {
            let words = try body()
            let seconds = Double(Deadline.now() - start) / 1e9
            let state = range?.state(seconds) ?? .ok
            let time = state == .ok ? "" : ", after \(Quantity.words(.nanoseconds(Int64(seconds * 1e9))))"
            return CheckResult(
                name: name, state: state, words: words + time, seconds: seconds, isTime: true, warning: range?.warning?.text,
                critical: range?.critical.text)
        } catch {
            switch error.code {
            case .usage, .unsupported, .configuration: throw error
            default:
                return CheckResult(
                    name: name, state: .critical, words: error.sentence, seconds: Double(Deadline.now() - start) / 1e9, isTime: true)
            }
        }
    }

    // MARK: - A message there and back

    private func roundTrip(
        _ transport: any Transport, _ point: Result<MeetingPoint, TransportError>
    ) throws(TransportError) -> String {
        if plan.isInPlace {
            let status = try transport.openAdmin(opening()).status()
            // Others' messages would have to be taken and put back.
            if let reason = try QueueCondition.empty.obstacle(.status(status), now: 0) {
                throw TransportError(.tryAgain, "a message in place needs an empty queue; there are \(reason)")
            }
            let point = try point.get()
            try exchange(point.sending, point.receiving)
            return "a message came back, in the queue itself"
        }
        let queues = LentQueues()
        defer { queues.remove() }
        try queues.make(isPrivate(point) ? text : Self.neighbour(of: address.address), options, stop: stop)
        let queue = queues.queues[0]
        try exchange(queue.address, queue.receiving)
        removeLeftovers()
        return "a message came back, in a private queue"
    }

    /// What checks that were killed have left where this one worked, as far as that takes no time to speak of.
    private func removeLeftovers() {
        let limit = Deadline.after(.seconds(1))
        let scheme = "\(address.address.scheme):"
        QueueOwner.cleanUp { thing in
            (thing.hasPrefix(scheme) || thing.hasPrefix("file:")) && !limit.hasPassed && LentQueues.remove(thing, until: limit)
        }
    }

    /// Where a private queue is kept by the same broker.
    private static func neighbour(of address: Address) throws(TransportError) -> String {
        var target = address.target
        if target.hasPrefix("//") {
            target = "//" + target.dropFirst(2).prefix { $0 != "/" }
        } else {
            guard !target.holds("://"), !target.hasPrefix("arn:") else {
                throw TransportError(
                    .usage, "a private queue beside a URL or an ARN is not known", hint: "\(address.scheme):NAME, or --in-place")
            }
            target = ""
        }
        return "\(address.scheme):\(target)" + address.options.map { ",\($0.key)" + ($0.value.map { "=\($0)" } ?? "") }.joined()
    }

    private func exchange(_ sending: String, _ receiving: String) throws(TransportError) {
        let receiver = try ResolvedAddress(receiving, options: []).transport().openReceiver(opening())
        var sender: (any Sender)? = try ResolvedAddress(sending, options: []).transport().openSender(opening())
        let payload = Array("\(PrivateName.make("mq-check")) grüße".utf8)
        var batch = Batch()
        batch.append(payload)
        let deadline = Deadline.after(plan.timeout)
        if let sender {
            try give(batch, to: sender, receiver, until: deadline)
            // Of what nobody confirms, the coming back is the proof.
            if address.descriptor.capabilities.contains(.acknowledge) { try sender.flush(until: deadline, stop: stop) }
            if let rejection = sender.takeRejections().first { throw rejection.error }
        }
        batch.removeAll()
        _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: deadline, stop: stop)
        guard !batch.isEmpty else {
            throw TransportError(.tryAgain, "the message did not come back within \(Quantity.words(plan.timeout))")
        }
        let isSame = batch.bytes(of: 0).elementsEqual(payload)
        try receiver.settle(last: 1, as: .acknowledge)
        // A receiver that closes waits for its sender, which would wait for its turn on this thread.
        sender = nil
        try receiver.close(until: .after(.seconds(2)), stop: stop)
        guard isSame else { throw TransportError(.protocolViolation, "another message came back than was sent") }
    }

    /// Sends a message. Where nobody is between the two ends, each waits for the other, and both are on this thread: they take turns.
    private func give(
        _ batch: borrowing Batch, to sender: any Sender, _ receiver: any Receiver, until deadline: Deadline
    ) throws(TransportError) {
        let takesTurns = address.descriptor.capabilities.isDisjoint(with: [.admin, .kernel, .processLocal])
        var none = Batch()
        while try sender.send(batch, 0..<1, until: takesTurns ? deadline.earlier(.after(.milliseconds(1))) : deadline, stop: stop) == 0 {
            if !takesTurns || deadline.hasPassed || stop.isRaised { throw sender.obstacle }
            _ = try receiver.receive(into: &none, limit: 1, byteLimit: 1 << 16, until: .immediately, stop: stop)
        }
    }

    // MARK: - Numbers

    private func numbers(_ transport: any Transport) throws(TransportError) -> [CheckResult] {
        let status = try transport.openAdmin(opening()).status()
        var results: [CheckResult] = []
        for (name, range) in [("depth", plan.depth), ("age", plan.age)] {
            guard let range else { continue }
            guard let value = QueueNumber.value(of: name, in: status, now: WallClock.now()) else {
                throw TransportError(.unsupported, "this queue does not tell its \(name)")
            }
            results.append(
                CheckResult(
                    name: name, state: range.state(value.number), words: value.words, value: value.number, isTime: value.isTime,
                    warning: range.warning?.text, critical: range.critical.text))
        }
        return results
    }
}
