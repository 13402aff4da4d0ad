import MQCore

/// One run of `mq expect`: takes so many messages, or looks at them, and compares each.
final class ExpectRun {
    struct Plan {
        var examination: Examination.Plan
        var count: Int
        /// How long nothing may follow.
        var noMore: Duration?
        var timeout: Duration
        var peeks: Bool
        var retry: Duration?
        var ready: ReadyLine?
    }

    /// How long whoever keeps the queue may take to prove that he is there.
    private static let proofTime = Duration.seconds(2)
    /// A proof that took longer comes from a keeper that was silent for a while, and may have had something to say.
    private static let promptProof = Duration.milliseconds(100)
    private static let pause = Duration.milliseconds(25)

    private let plan: Plan
    private let address: ResolvedAddress
    private let transport: any Transport
    private let console: Console
    private let stop: StopFlag

    init(_ plan: Plan, _ address: ResolvedAddress, stop: StopFlag, console: Console) throws(TransportError) {
        (self.plan, self.address, self.stop, self.console) = (plan, address, stop, console)
        transport = try address.transport()
    }

    func run() throws(TransportError) -> Ending {
        let ending = plan.peeks ? try look() : try take()
        if case .success = ending { console.detail("\(Quantity.count(plan.count, "message")) as expected") }
        return ending
    }

    private func open() throws(TransportError) -> any Receiver {
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.mode = plan.peeks ? .peek : .consume
        opening.isPrompt = true
        opening.retry = plan.retry
        opening.endsWhenEmpty = plan.peeks
        opening.deadline = .after(plan.timeout)
        opening.total = plan.count + (plan.noMore == nil ? 0 : 1)
        opening.prefetch = max(1, min(plan.count, 256))
        let receiver = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openReceiver(opening)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
        return receiver
    }

    private func batch() -> Batch {
        var batch = Batch()
        batch.wantsProperties = !plan.examination.attributes.isEmpty
        return batch
    }

    // MARK: - Taking

    private func take() throws(TransportError) -> Ending {
        let receiver = try open()
        var failure: TransportError?
        do throws(TransportError) {
            try take(from: receiver)
        } catch {
            failure = error
        }
        if let number = stop.reason?.signal { return .signal(number) }
        do throws(TransportError) { try receiver.close(until: .after(.seconds(2)), stop: stop) } catch { failure = failure ?? error }
        if let failure { throw failure }
        return .success
    }

    private func take(from receiver: any Receiver) throws(TransportError) {
        let returns = address.descriptor.capabilities.contains(.requeue)
        var examination = Examination(plan.examination, count: plan.count)
        var batch = batch()
        while examination.done < plan.count {
            // What is taken behind a message that fails must be able to go back.
            let limit = returns ? plan.count - examination.done : 1
            let outcome = try receive(receiver, &batch, limit, within: plan.timeout, silence(examination).message)
            if batch.isEmpty {
                if outcome == .deadlinePassed || outcome == .ended { throw silence(examination) }
                if stop.isRaised { return }
                continue
            }
            for index in 0..<batch.count {
                guard let failure = examination.examine(batch, index) else { continue }
                let first = receiver.handedOver - batch.count
                try receiver.settle(first..<first + index + 1, as: .acknowledge)
                if index + 1 < batch.count {
                    try receiver.settle(first + index + 1..<receiver.handedOver, as: .requeue(after: .zero))
                }
                throw failure
            }
            try receiver.settle(last: batch.count, as: .acknowledge)
        }
        guard let noMore = plan.noMore else { return }
        _ = try receive(receiver, &batch, 1, within: noMore, "no further message came within \(Quantity.words(noMore))")
        if batch.isEmpty { return }
        try receiver.settle(last: 1, as: returns ? .requeue(after: .zero) : .acknowledge)
        throw further(batch)
    }

    /// Receives; a silence that is not proven is a failure.
    /// - Parameter silence: what there is to say when nothing comes.
    private func receive(
        _ receiver: any Receiver, _ batch: inout Batch, _ limit: Int, within time: Duration, _ silence: @autoclosure () -> String
    ) throws(TransportError) -> Outcome {
        func once(_ time: Duration, _ batch: inout Batch) throws(TransportError) -> Outcome {
            batch.removeAll()
            return try receiver.receive(into: &batch, limit: limit, byteLimit: 1 << 17, until: .after(time), stop: stop)
        }
        let outcome = try once(time, &batch)
        guard batch.isEmpty, outcome == .deadlinePassed || outcome == .ended, !stop.isRaised else { return outcome }
        let proof = try prove(silence())
        return proof > Self.promptProof && outcome == .deadlinePassed ? try once(proof, &batch) : outcome
    }

    private func further(_ batch: borrowing Batch) -> TransportError {
        var error = TransportError(.negative, "\(Quantity.count(plan.count, "message")) came as expected, and then one more")
        error.details = ["received: \(BodyDifference.shown(Array(batch.bytes(of: 0))))"]
        return error
    }

    /// That nothing more came: the "no" answer, once somebody has said that he would have had something to say.
    private func silence(_ examination: Examination) -> TransportError {
        let words =
            "\(Quantity.grouped(examination.done)) of \(Quantity.count(plan.count, "message")) came; "
            + "nothing for \(Quantity.words(plan.timeout))"
        var error = TransportError(.negative, words)
        if let next = examination.next { error.details = ["expected: \(BodyDifference.shown(next))"] }
        return error
    }

    /// A silence says something only of a queue whose keeper still answers.
    /// - Returns: how long that took.
    private func prove(_ words: String) throws(TransportError) -> Duration {
        let start = Deadline.now()
        var opening = Opening(stop: stop)
        opening.deadline = .after(Self.proofTime)
        do throws(TransportError) {
            _ = try transport.probe(opening)
        } catch {
            // An endpoint that this end binds has nobody who could be asked.
            if error.code == .usage || error.code == .unsupported || stop.isRaised { return .zero }
            throw TransportError(error.code, "\(words), but that proves nothing: \(error.message)", hint: error.hint)
        }
        return .nanoseconds(Deadline.now() - start)
    }

    // MARK: - Looking

    /// What a look found; all of it stays where it is.
    private func look() throws(TransportError) -> Ending {
        let deadline = Deadline.after(plan.timeout)
        while true {
            let (examination, hasMore) = try glance()
            if let number = stop.reason?.signal { return .signal(number) }
            if examination.done == plan.count {
                guard let noMore = plan.noMore, !hasMore else { return .success }
                _ = Readiness.sleep(until: .after(noMore), stop: stop)
                _ = try glance()
                return stop.reason?.signal.map { .signal($0) } ?? .success
            }
            if deadline.hasPassed {
                let silence = silence(examination)
                _ = try prove(silence.message)
                throw silence
            }
            _ = Readiness.sleep(until: .after(Self.pause).earlier(deadline), stop: stop)
        }
    }

    private func glance() throws(TransportError) -> (Examination, hasMore: Bool) {
        let receiver = try open()
        defer { try? receiver.close(until: .after(.seconds(2)), stop: stop) }
        var examination = Examination(plan.examination, count: plan.count)
        var batch = batch()
        while examination.done < plan.count || plan.noMore != nil {
            batch.removeAll()
            let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 17, until: .immediately, stop: stop)
            if batch.isEmpty { return (examination, false) }
            if examination.done == plan.count { throw further(batch) }
            if let failure = examination.examine(batch, 0) { throw failure }
            if outcome == .ended { break }
        }
        return (examination, true)
    }
}
