internal import Glibc
internal import MQCore

extension Worker {
    /// Large messages go in smaller batches: a payload that falls out of the cache would be measured too.
    private var batchSize: Int { max(1, min(job.batch, (1 << 18) / job.size)) }

    func produce() throws(TransportError) -> WorkerResult {
        var batch = try Payload.batch(job.payload, size: job.size, count: batchSize, seed: UInt64(job.index + 1))
        let delivery = try delivery(to: job.address, of: batch)
        guard let start = ready() else { throw notStarted }
        _ = Self.wait(until: start, stop: stop)
        var result = WorkerResult()
        if let rate = job.rate {
            try produce(&batch, delivery, from: start, rate: rate, &result)
        } else {
            try produce(&batch, delivery, from: start, &result)
        }
        try delivery.finish(until: .after(Self.patience), stop: stop)
        return result
    }

    /// Closed loop: the next batch as soon as the last was taken.
    private func produce(_ batch: inout Batch, _ delivery: Delivery, from start: UInt64, _ result: inout WorkerResult)
        throws(TransportError)
    {
        var watch = stopwatch(from: start)
        let limit = job.count ?? .max
        let last = Deadline(nanoseconds: job.count == nil ? watch.end + Self.patience.nanoseconds : .max)
        var window = SendWindow(job, counters)
        while result.sent < limit && !isStopped {
            let count = window.take(min(batch.count, limit - result.sent))
            let now = Deadline.now()
            let isMeasured = watch.tick(now)
            if job.count == nil && now >= watch.end { break }
            if count == 0 { continue }
            stamp(&batch, 0..<count, first: result.sent, due: { _ in now }, sent: now)
            let taken = try delivery.pass(batch, 0..<count, until: last, stop: stop)
            result.sent += taken
            if isMeasured { result.measured += taken }
            counters[job.slot] = result.sent
        }
        watch.stop(Deadline.now())
        (result.cost, result.measuredSeconds) = (watch.cost, watch.seconds)
    }

    private func stamp(_ batch: inout Batch, _ range: Range<Int>, first: Int, due: (Int) -> UInt64, sent: UInt64) {
        batch.renew()
        for index in range {
            let sequence = first + index - range.lowerBound
            Stamp.write(
                batch.start(of: index), size: job.size, run: job.run, producer: job.index, sequence: sequence, due: due(sequence),
                sent: sent)
        }
    }

    /// Open loop: message i is due at start + i / rate and says so, however late it is sent. What is due is sent together.
    private func produce(
        _ batch: inout Batch, _ delivery: Delivery, from start: UInt64, rate: Double, _ result: inout WorkerResult
    ) throws(TransportError) {
        var watch = stopwatch(from: start)
        let interval = 1e9 / rate
        let phase = interval * Double(job.index) / Double(job.producers)
        let due = { (index: Int) in start + UInt64(phase + Double(index) * interval) }
        let last = Deadline(nanoseconds: watch.end + Self.patience.nanoseconds)
        var delays = Histogram()
        // What is due is sent, however late; but a generator that is hopelessly behind has shown it, and would never come to an end.
        while !isStopped && due(result.sent) < watch.end && !last.hasPassed {
            let now = Self.wait(until: due(result.sent), stop: stop)
            if isStopped { break }
            _ = watch.tick(now)
            var count = 1
            while count < batch.count && due(result.sent + count) <= min(now, watch.end - 1) { count += 1 }
            stamp(&batch, 0..<count, first: result.sent, due: due, sent: now)
            // What does not go at once is stamped anew: its wait is the generator's delay, not the queue's.
            let accepted = try delivery.attempt(batch, 0..<count, until: last, stop: stop)
            if accepted == 0 && last.hasPassed { throw delivery.waitedInVain }
            for index in 0..<accepted where due(result.sent + index) >= watch.begin {
                delays.record(Int(now - min(now, due(result.sent + index))))
                result.measured += 1
            }
            result.sent += accepted
            counters[job.slot] = result.sent
        }
        let now = Deadline.now()
        watch.stop(now)
        // From when the first of them was due until the next would be: so few messages have a rate too.
        let (first, next) = (due(result.sent - result.measured), max(now, due(result.sent)))
        (result.cost, result.measuredSeconds) = (watch.cost, Double(next - first) / 1e9)
        result.publishDelay = delays.sparse
    }

    /// Sleeps until shortly before, then spins: a sleep alone is late by tens of microseconds.
    static func wait(until moment: UInt64, stop: StopFlag) -> UInt64 {
        var now = Deadline.now()
        while now < moment && !stop.isRaised {
            let left = moment - now
            if left > 200_000 { usleep(UInt32(min((left - 100_000) / 1000, 50_000))) }
            now = Deadline.now()
        }
        return now
    }
}
