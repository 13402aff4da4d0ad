internal import MQCore

extension Worker {
    /// One message out, its answer back; with a rate, each at its time and counted from it.
    func ping() throws(TransportError) -> WorkerResult {
        var batch = try Payload.batch(job.payload, size: job.size, count: 1, seed: 1)
        // The receiving end is opened first: where ends must meet, it is the one that binds.
        let receiver = try receiver(job.answers!)
        let sender = try sender(try resolve(job.address))
        if let refusal = sender.refusal(in: batch, 0..<1) { throw refusal.error }
        guard let start = ready() else { throw notStarted }
        _ = Self.wait(until: start, stop: stop)
        var watch = stopwatch(from: start)
        var times = Histogram(), delays = Histogram()
        var result = WorkerResult()
        var log = SequenceLog()
        var answer = Batch()
        while !isStopped {
            let due = job.rate.map { start + UInt64(Double(result.sent) * 1e9 / $0) }
            let sent = due.map { Self.wait(until: $0, stop: stop) } ?? Deadline.now()
            _ = watch.tick(sent)
            batch.renew()
            let isMeasured = sent >= watch.begin
            if isStopped || sent >= watch.end || result.sent >= job.count ?? .max { break }
            Stamp.write(
                batch.start(of: 0), size: job.size, run: job.run, producer: 0, sequence: result.sent, due: due ?? sent, sent: sent)
            let deadline = Deadline(nanoseconds: sent + Self.patience.nanoseconds)
            guard try sender.send(batch, 0..<1, until: deadline, stop: stop) == 1 else { break }
            result.sent += 1
            guard let now = try self.answer(result.sent - 1, from: receiver, &answer, until: deadline, &log, &result.foreign) else {
                if !isStopped {
                    result.objection = "message \(result.sent) was not answered within 5 s, and nothing was sent after it"
                }
                break
            }
            counters[job.slot] = result.sent
            guard isMeasured else { continue }
            times.record(Int(now - (due ?? sent)))
            counters.note(now - (due ?? sent), slot: job.slot)
            if let due { delays.record(Int(sent - min(sent, due))) }
            result.measured += 1
        }
        watch.stop(Deadline.now())
        counters.isStopped = true
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
        (result.response, result.publishDelay) = (times.sparse, delays.sparse)
        result.logs = [log]
        try receiver.close(until: .after(.seconds(1)), stop: stop)
        return result
    }

    /// When the answer to message `sequence` came; `nil` when it did not. Another one (a duplicate, say) is noted and passed over.
    private func answer(
        _ sequence: Int, from receiver: any Receiver, _ answer: inout Batch, until deadline: Deadline, _ log: inout SequenceLog,
        _ foreign: inout Int
    ) throws(TransportError) -> UInt64? {
        while true {
            answer.removeAll()
            guard try receiver.receive(into: &answer, limit: 1, byteLimit: 1, until: deadline, stop: stop) == .received else { return nil }
            let now = Deadline.now()
            try receiver.settle(last: answer.count, as: .acknowledge)
            guard let stamp = Stamp(answer.start(of: 0), size: answer.size(of: 0)), stamp.run == job.run,
                log.record(stamp.sequence) != .foreign
            else {
                foreign += 1
                continue
            }
            if stamp.sequence == sequence { return now }
        }
    }

    func echo() throws(TransportError) -> WorkerResult {
        let receiver = try receiver(job.address)
        let sender = try sender(try resolve(job.answers!))
        guard let start = ready() else { throw notStarted }
        var watch = stopwatch(from: start)
        var result = WorkerResult()
        var batch = Batch()
        // What this side does between two messages is in every round trip where both share a processor: it reads the clock
        // rarely. A patience that is over makes an empty queue a reason to look again.
        var now = Deadline.now()
        var isMeasured = false
        while !isStopped {
            batch.removeAll()
            let patience = Deadline(nanoseconds: now + 50_000_000)
            guard try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: patience, stop: stop) == .received else {
                now = Deadline.now()
                isMeasured = watch.tick(now)
                continue
            }
            var sent = 0
            while sent < batch.count && !isStopped {
                sent += try sender.send(batch, sent..<batch.count, until: sent == 0 ? patience : .after(.milliseconds(50)), stop: stop)
            }
            try receiver.settle(last: sent, as: .acknowledge)
            result.sent += sent
            if result.sent & 31 == 0 {
                now = Deadline.now()
                isMeasured = watch.tick(now)
            }
            if isMeasured { result.measured += sent }
        }
        watch.stop(Deadline.now())
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
        try receiver.close(until: .after(.seconds(1)), stop: stop)
        return result
    }
}
