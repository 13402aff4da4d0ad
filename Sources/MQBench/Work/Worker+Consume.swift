internal import MQCore

extension Worker {
    func consume() throws(TransportError) -> WorkerResult {
        let receiver = try receiver(job.address)
        guard let start = ready() else { throw notStarted }
        var tally = Tally(job, watch: stopwatch(from: start), counters: counters)
        var batch = Batch(byteCapacity: 1 << 17)
        batch.takesLoans = true
        var quietSince: UInt64?
        // At a rate, all messages of a batch get one time: a backlog is taken in small ones.
        let byteLimit = job.rate == nil ? 1 << 17 : job.size * 32
        while !isStopped {
            batch.removeAll()
            let isComplete = everythingArrived()
            let outcome = try receiver.receive(
                into: &batch, limit: .max, byteLimit: byteLimit, until: .after(.milliseconds(50)), stop: stop)
            let now = Deadline.now()
            let before = tally.received
            if batch.isEmpty {
                // Once all have come, one quiet wait: a duplicate comes behind what it repeats.
                if outcome == .ended || isComplete { break }
            } else {
                try receiver.settle(last: batch.count, as: .acknowledge)
                try tally.take(batch, at: now, behind: counters.sum(consumerSlots))
                counters[job.slot] = tally.received
                if job.window != nil { counters.pass(tally.passed, slot: job.slot) }
            }
            // What has not come some time after the last was sent does not come: it is counted as lost. Others' messages are no sign of it.
            quietSince = tally.received > before || counters.expected == 0 ? nil : quietSince ?? now
            if let since = quietSince, now - since > Self.patience.nanoseconds / 2 { break }
        }
        try receiver.close(until: .after(.seconds(2)), stop: stop)
        return tally.result(at: Deadline.now())
    }
}
