internal import MQCore

/// What comes of the requests.
extension SQSSender {
    func handle(_ result: Result<[UInt8], ServiceFailure>, _ request: SendRequest) {
        switch result {
        case .failure(let failure): handle(failure, request)
        case .success(let bytes):
            do throws(TransportError) {
                let reply = try SendReply(parsing: bytes, wantsIDs: encoder.isFIFO)
                guard reply.isOfBatch else { return failure = failure ?? .notBatch("SendMessageBatch", request.entries.count) }
                settle(reply, request)
            } catch {
                handle(.garbled("SendMessageBatch: the reply cannot be read: \(error.message)"), request)
            }
        }
    }

    /// None of the request's messages is known to have arrived.
    private func handle(_ failure: ServiceFailure, _ request: SendRequest) {
        if failure.kind == .batchTooLong || (failure.isAboutMessages && request.entries.count > 1) {
            // Too large together, or one of them is wrong and nobody says which.
            guard request.entries.count > 1 else { return refuse(request.entries[0], failure.error) }
            if failure.kind == .batchTooLong { batchLimit = max(1, min(batchLimit, request.size - 1)) }
            for half in request.halves() { waiting.append((0, half)) }
            return
        }
        if failure.isAboutMessages {
            return refuse(request.entries[0], TransportError(.unsendable, failure.error.message))
        }
        if failure.isUncertain { repeated += 1 }
        again(request, failure) { self.failure = self.failure ?? $0 }
    }

    private func again(_ request: SendRequest, _ failure: ServiceFailure, isPartial: Bool = false, otherwise: (TransportError) -> Void) {
        guard !isEnding else { return }
        var request = request
        switch connection.decide(failure, &request.history, isPartial: isPartial) {
        case .giveUp:
            if failure.isUncertain { repeated = max(0, repeated - 1) }
            if failure.error.code == .noSuchQueue { connection.forgetURL() }
            var error = failure.error
            if request.history.failures > 1 { error.message += "; tried \(request.history.failures) times" }
            otherwise(error)
        case .now:
            request.trouble = failure.error.message
            waiting.append((0, request))
        case .after(let pause):
            request.trouble = failure.error.message
            waiting.append((connection.clocks.monotonic() + pause.nanoseconds, request))
        }
    }

    /// Walks the reply by the entries of the request: what it does not mention has failed.
    private func settle(_ reply: SendReply, _ request: SendRequest) {
        connection.succeeded(after: request.history)
        var unfinished: [Int: ServiceFailure] = [:]
        var first: ServiceFailure?
        for entry in request.entries {
            if let success = reply.successes.first(where: { $0.position == entry.position }) {
                check(success, entry)
            } else if let failed = reply.failures.first(where: { $0.position == entry.position }) {
                let failure = ServiceFailure(entry: failed)
                if failure.isTemporary { unfinished[entry.position] = failure } else { refuse(entry, failure.error) }
            } else {
                unfinished[entry.position] = .garbled("SQS's reply does not mention the message")
            }
            first = first ?? unfinished[entry.position]
        }
        guard let first else { return }
        for entry in request.entries where unfinished[entry.position] != nil {
            guard let group = entry.group, stoppedGroups.contains(group) else { continue }
            unfinished[entry.position] = nil
            refuse(entry, TransportError(.tryAgain, "not sent again, since an earlier message of its group was refused"))
        }
        var rest = request.filtered { unfinished[$0.position] != nil }
        guard !rest.entries.isEmpty else { return }
        noteOvertaken(rest, request)
        if rest.entries.count < request.entries.count { rest.history.progressed() }
        again(rest, first, isPartial: true) { error in
            for entry in rest.entries { refuse(entry, unfinished[entry.position]?.error ?? error) }
        }
    }

    /// Where ten of a group go in one request, those that fail fall behind those that do not.
    private func noteOvertaken(_ rest: SendRequest, _ request: SendRequest) {
        guard encoder.isFIFO else { return }
        overtaken += rest.entries.count { entry in
            request.entries.contains { other in
                other.position > entry.position && other.group == entry.group
                    && !rest.entries.contains { $0.position == other.position }
            }
        }
    }

    private func refuse(_ entry: SendRequest.Entry, _ error: TransportError) {
        progress.reject(entry.position, error)
        if encoder.isFIFO, let group = entry.group { stoppedGroups.insert(group) }
    }

    /// A message that arrived damaged is reported and not sent again: it is in the queue.
    private func check(_ success: SendReply.Success, _ entry: SendRequest.Entry) {
        // A queue that drops a double answers with the id of the message that it has had: here the very one that was to go back to it.
        if let origin = entry.origin, origin == success.id {
            return refuse(
                entry,
                TransportError(
                    .duplicate, "the queue has had message \(origin) within five minutes: it was accepted and dropped", remedy: .newIdentity
                ))
        }
        let bodyDiffers = success.digest.map { $0 != entry.digest } ?? false
        let attributesDiffer = entry.attributeDigest.flatMap { own in success.attributeDigest.map { $0 != own } } ?? false
        guard bodyDiffers || attributesDiffer else { return progress.confirm(entry.position) }
        let what = bodyDiffers ? "body" : "attributes"
        refuse(
            entry,
            TransportError(.protocolViolation, "SQS took the message with another MD5 of its \(what): what is in the queue is damaged"))
    }
}
