internal import MQCore

/// Deleting, extending and giving back.
extension ReceiveService {
    func operation(of job: Job) -> String {
        if case .delete = job.kind { return "DeleteMessageBatch" }
        return "ChangeMessageVisibilityBatch"
    }

    func request(for job: Job) -> (operation: String, body: [UInt8]) {
        var json = Connection.body(url)
        json.key("Entries")
        json.open("[")
        desk.state.withLock { state in
            for number in job.numbers {
                guard let message = state.held[number] else { continue }
                json.open("{")
                json.key("Id")
                json.value(number: "\"\(number)\"")
                json.key("ReceiptHandle")
                message.handle.withUnsafeBytes { json.value(utf8: $0) }
                switch job.kind {
                case .delete: break
                case .release(let delay): write(delay, &json)
                case .extend: write(visibility, &json)
                }
                json.close("}")
            }
        }
        json.close("]")
        json.close("}")
        return (operation(of: job), json.bytes)
    }

    private func write(_ seconds: Int, _ json: inout JSONText) {
        json.key("VisibilityTimeout")
        json.value(seconds)
    }

    func finish(_ job: Job, _ result: Result<[UInt8], ServiceFailure>) {
        switch result {
        case .failure(let failure): again(job, job.numbers, failure)
        case .success(let bytes):
            do throws(TransportError) {
                finish(job, try SendReply(parsing: bytes))
            } catch {
                again(job, job.numbers, .garbled("\(operation(of: job)): the reply cannot be read: \(error.message)"))
            }
        }
    }

    /// Walks the reply by what was asked: what it does not mention has failed.
    private func finish(_ job: Job, _ reply: SendReply) {
        connection.succeeded(after: job.history)
        var done: [Int] = []
        var unfinished: [Int] = []
        var lost: [Int] = []
        var reason = ServiceFailure.garbled("SQS's reply does not mention the message")
        var finalReason: ServiceFailure?
        for number in job.numbers {
            if reply.successes.contains(where: { $0.position == number }) {
                done.append(number)
            } else if let failed = reply.failures.first(where: { $0.position == number }) {
                let failure = ServiceFailure(entry: failed)
                if failure.isTemporary {
                    reason = failure
                    unfinished.append(number)
                } else {
                    finalReason = failure
                    lost.append(number)
                }
            } else {
                unfinished.append(number)
            }
        }
        settle(job, done)
        if let finalReason { giveUp(job, lost, finalReason) }
        var job = job
        if unfinished.count < job.numbers.count { job.history.progressed() }
        if !unfinished.isEmpty { again(job, unfinished, reason, isPartial: true) }
    }

    private func settle(_ job: Job, _ numbers: [Int]) {
        desk.state.withLock { state in
            if case .extend = job.kind {
                if !numbers.isEmpty { state.held.keep(numbers, due: Deadline.now() + UInt64(visibility) * 500_000_000) }
            } else {
                for number in numbers { state.held[number] = nil }
            }
        }
    }

    private func again(_ job: Job, _ numbers: [Int], _ failure: ServiceFailure, isPartial: Bool = false) {
        var job = Job(kind: job.kind, numbers: numbers, history: job.history)
        switch connection.decide(failure, &job.history, isPartial: isPartial) {
        case .now: pausedJobs.append((0, job))
        case .after(let time): pausedJobs.append((Deadline.now() + time.nanoseconds, job))
        case .giveUp: giveUp(job, numbers, failure)
        }
    }

    /// A message that cannot be kept or given back comes again by itself; one that cannot be deleted does too, and that is an error.
    private func giveUp(_ job: Job, _ numbers: [Int], _ failure: ServiceFailure) {
        desk.state.withLock { state in
            switch job.kind {
            case .delete:
                state.undeleted += numbers.count
                var error = failure.error
                error.message = error.message.replacingPrefix("SQS refuses the message: ", with: "")
                state.undeletedReason = error
                for number in numbers { state.held[number] = nil }
            case .release: for number in numbers { state.held[number] = nil }
            case .extend: state.slipped += numbers.count
            }
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
