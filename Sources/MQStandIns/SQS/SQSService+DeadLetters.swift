import MQCore

/// Messages that failed too often, and their way back.
extension SQSService {
    /// A move that ended as soon as it had begun: nothing here takes time.
    struct MoveTask {
        var source: String
        var destination: String?
        var moved: Int
        var started: Int
    }

    /// Where messages of the queue go, and after how many receives.
    func redrive(of queue: SQSQueue, _ state: State) -> (target: SQSQueue, limit: Int)? {
        guard let policy = queue.attributes["RedrivePolicy"].flatMap({ SQSRedrivePolicy($0) }), policy.limit > 0 else { return nil }
        return state.queues[policy.targetName].map { ($0, policy.limit) }
    }

    /// Takes away those that were received as often as the queue allows; the others are handed over.
    func divert(_ taken: [SQSMessage], from queue: SQSQueue, _ state: State, _ now: Int64) -> [SQSMessage] {
        guard let (target, limit) = redrive(of: queue, state) else { return taken }
        return taken.filter { message in
            guard message.receiveCount > limit else { return true }
            move(message.serial, from: queue, to: target, now) { moved in
                moved.receiveCount = limit
                moved.source = queue.arn
            }
            return false
        }
    }

    private func move(
        _ serial: Int, from queue: SQSQueue, to target: SQSQueue, _ now: Int64, _ change: (inout SQSMessage) -> Void
    ) {
        guard var message = queue.remove(serial) else { return }
        message.visibleAt = 0
        change(&message)
        target.append(message, delay: 0, now)
    }

    func listSources(_ request: SQSRequest, _ state: State, _ json: inout JSONText) throws(SQSFailure) {
        let queue = try queue(request, state)
        let names = state.queues.filter { redrive(of: $0.value, state)?.target === queue }.keys
        let page = try page(of: names, request, &json)
        json.key("queueUrls")
        json.open("[")
        for name in page { json.value(url(of: name, request)) }
        json.close("]")
    }

    private func queue(arn: String, _ state: State) throws(SQSFailure) -> SQSQueue {
        guard let name = arn.split(separator: ":").last, let queue = state.queues[String(name)] else {
            throw SQSFailure(
                "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.", status: 404)
        }
        return queue
    }

    func startMove(_ request: SQSRequest, _ state: inout State, _ json: inout JSONText) throws(SQSFailure) {
        let source = try queue(arn: request.sourceARN, state)
        guard state.queues.values.contains(where: { redrive(of: $0, state)?.target === source }) else {
            throw SQSFailure("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
        }
        let destination = request.destinationARN.isEmpty ? nil : try queue(arn: request.destinationARN, state)
        let now = loopbackNanoseconds()
        var task = MoveTask(source: source.arn, destination: destination?.arn, moved: 0, started: Int(wallNanoseconds() / 1_000_000))
        source.expire(now)
        for serial in source.messages.keys.sorted() where !source.hidden.contains(serial) {
            // Without a destination each goes back to where it failed; what was sent here by hand has no such place.
            let name = source.messages[serial]?.source.flatMap { $0.split(separator: ":").last }.map(String.init)
            guard let target = destination ?? name.flatMap({ state.queues[$0] }) else { continue }
            move(serial, from: source, to: target, now) { ($0.source, $0.receiveCount, $0.firstReceived) = (nil, 0, 0) }
            task.moved += 1
        }
        state.moves.append(task)
        json.fields(("TaskHandle", .text("mq-\(state.moves.count)")))
        announce()
    }

    func listMoves(_ request: SQSRequest, _ state: State, _ json: inout JSONText) throws(SQSFailure) {
        let source = try queue(arn: request.sourceARN, state)
        json.key("Results")
        json.open("[")
        for task in state.moves.reversed().filter({ $0.source == source.arn }).prefix(request.maximum ?? 1) {
            json.open("{")
            json.fields(("Status", .text("COMPLETED")), ("SourceArn", .text(task.source)))
            if let destination = task.destination { json.fields(("DestinationArn", .text(destination))) }
            json.fields(
                ("ApproximateNumberOfMessagesMoved", .number(task.moved)), ("ApproximateNumberOfMessagesToMove", .number(task.moved)),
                ("StartedTimestamp", .number(task.started)))
            json.close("}")
        }
        json.close("]")
    }

    func cancelMove(_ request: SQSRequest, _ state: State) throws(SQSFailure) {
        guard let number = Int(request.taskHandle.dropFirst(3)), state.moves.indices.contains(number - 1) else {
            throw SQSFailure("ResourceNotFoundException", "The task handle doesn't exist.", status: 404)
        }
        throw SQSFailure(
            "UnsupportedOperation", "Active message movement task not found.", queryCode: "AWS.SimpleQueueService.UnsupportedOperation")
    }
}
