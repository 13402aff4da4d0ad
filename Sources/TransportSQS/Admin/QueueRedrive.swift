internal import MQCore

/// Moves dead letters: by a task of SQS, or message by message where there are none.
struct QueueRedrive {
    let settings: Settings
    let admin: SQSAdmin
    let opening: Opening

    func run(_ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void) throws(TransportError) -> RedriveProgress {
        let url = try admin.url()
        let found = try admin.attributes(url)
        guard let source = found["QueueArn"] else { throw TransportError(.protocolViolation, "the queue has no ARN") }
        var destination: (settings: Settings, arn: String)?
        if let text = plan.destination { destination = try self.destination(text) }
        do throws(ServiceFailure) {
            let handle = try startTask(source, destination?.arn, plan.rate)
            return try follow(handle, source, stop, progress)
        } catch {
            // A queue that is no queue's dead-letter queue (a topic's or a function's is not one for SQS) has no tasks either.
            let isPlainQueue = error.kind == .final && error.code.hasPrefix("InvalidParameterValue")
            guard error.kind == .unknownOperation || isPlainQueue else { throw error.error }
        }
        opening.notices.detail("no move task for this queue: moving message by message")
        let target = if let destination { destination.settings } else { try origin(of: url, source) }
        return try move(to: target, plan.rate, total: found.number("ApproximateNumberOfMessages"), stop, progress)
    }

    private func destination(_ text: String) throws(TransportError) -> (Settings, String) {
        guard let scheme = Address.scheme(of: text), SQSTransport.descriptor.schemes.contains(scheme) else {
            throw TransportError(.usage, "'\(text)' is not an SQS queue", hint: "a queue to move to is sqs:NAME, an ARN or a URL")
        }
        let address = try Address(parsing: text, syntax: SQSTransport.descriptor.targetSyntax)
        let options = try OptionValues(address.options, for: SQSTransport.descriptor)
        let other = options.entries.isEmpty ? settings.at(try QueueTarget(address)) : try Settings(address, options: options)
        var asking = opening
        asking.stop = admin.connection.stop
        let remote = try SQSAdmin(other, asking)
        guard let arn = try remote.attributes(remote.url())["QueueArn"] else {
            throw TransportError(.protocolViolation, "\(text) has no ARN")
        }
        return (other, arn)
    }

    // MARK: - By a task

    private func startTask(_ source: String, _ destination: String?, _ rate: Int?) throws(ServiceFailure) -> String {
        let reply = try admin.ask("StartMessageMoveTask", url: nil) { json in
            json.member("SourceArn", source)
            if let destination {
                json.member("DestinationArn", destination)
            }
            if let rate {
                json.member("MaxNumberOfMessagesPerSecond", min(rate, 500))
            }
        }
        guard let handle = (try? JSONFields.strings(in: reply))?["TaskHandle"] else {
            throw .garbled("StartMessageMoveTask: the reply holds no TaskHandle")
        }
        return handle
    }

    private func follow(
        _ handle: String, _ source: String, _ stop: StopFlag, _ progress: (RedriveProgress) -> Void
    ) throws(ServiceFailure) -> RedriveProgress {
        var last = RedriveProgress(moved: 0, total: nil)
        while true {
            if case .stopped = Readiness.sleep(until: .after(.milliseconds(500)), stop: stop) {
                admin.connection.stop = StopFlag()
                _ = try admin.ask("CancelMessageMoveTask", url: nil) { json in
                    json.member("TaskHandle", handle)
                }
                return last
            }
            let reply = try admin.ask("ListMessageMoveTasks", url: nil) { json in
                json.member("SourceArn", source)
            }
            guard let task = try? MoveTask(parsing: reply) else { throw .garbled("ListMessageMoveTasks: the reply cannot be read") }
            last = RedriveProgress(moved: task.moved, total: task.total)
            progress(last)
            switch task.status {
            case "COMPLETED", "CANCELLED": return last
            case "FAILED":
                throw ServiceFailure(kind: .final, code: "", error: TransportError(.failure, "the move failed: \(task.reason.brief)"))
            default: continue
            }
        }
    }

    // MARK: - Message by message

    /// The one queue whose dead letters are here.
    private func origin(of url: String, _ arn: String) throws(TransportError) -> Settings {
        var reply: [UInt8]?
        do throws(ServiceFailure) {
            reply = try admin.ask("ListDeadLetterSourceQueues", url: url)
        } catch {
            guard error.kind == .unknownOperation else { throw error.error }
        }
        let sources: [String]
        if let reply {
            sources = try SQSAdmin.queues(in: reply).urls
        } else {
            sources = try admin.queues { QueueFacts.deadLetterQueue(of: $0) == arn }
        }
        guard sources.count == 1 else {
            let words =
                sources.isEmpty
                ? "no queue sends its dead letters here" : "\(Quantity.count(sources.count, "queue")) send their dead letters here"
            throw TransportError(.usage, words, remedy: .destination)
        }
        return settings.at(try QueueTarget(Address(parsing: sources[0], syntax: .single)))
    }

    /// Deletes here only what was accepted there.
    private func move(
        to target: Settings, _ rate: Int?, total: Int?, _ stop: StopFlag, _ progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress {
        var opening = opening
        opening.stop = stop
        opening.endsWhenEmpty = true
        let sender = try SQSSender(target, opening)
        let receiver = try SQSReceiver(settings, opening)
        var last = RedriveProgress(moved: 0, total: total)
        let start = Deadline.now()
        var batch = Batch()
        do throws(TransportError) {
            while true {
                batch.removeAll()
                batch.wantsProperties = true
                let limit = rate.map { min($0, 100) } ?? 100
                guard try receiver.receive(into: &batch, limit: limit, byteLimit: 1 << 20, until: .never, stop: stop) == .received else {
                    break
                }
                try pass(batch, sender, receiver, stop)
                last.moved += batch.count
                progress(last)
                let due = rate.map { start + UInt64(last.moved) * 1_000_000_000 / UInt64(max(1, $0)) } ?? 0
                if case .stopped = Readiness.sleep(until: Deadline(nanoseconds: due), stop: stop) { break }
            }
        } catch {
            try? receiver.close(until: .after(.seconds(5)), stop: StopFlag())
            throw error
        }
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        return last
    }

    private func pass(
        _ batch: borrowing Batch, _ sender: SQSSender, _ receiver: SQSReceiver, _ stop: StopFlag
    ) throws(TransportError) {
        // The old identity would have the queue drop the message as a duplicate of its failed self.
        var copy = Batch()
        for index in 0..<batch.count {
            var properties = batch.properties(of: index)
            properties.dedup = nil
            copy.append(batch.bytes(of: index))
            copy.setProperties(properties)
        }
        if let refusal = sender.refusal(in: copy, 0..<copy.count) { throw refusal.error }
        // A stop between the two halves of a move would leave messages in both queues.
        let calm = StopFlag()
        let limit = Deadline.after(.seconds(30))
        guard try sender.send(copy, 0..<copy.count, until: limit, stop: calm) == copy.count else { throw sender.obstacle }
        try sender.flush(until: limit, stop: calm)
        if let rejection = sender.takeRejections().first { throw rejection.error }
        try receiver.settle(last: batch.count, as: .acknowledge)
    }
}
