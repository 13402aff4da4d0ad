import MQCore
import Testing

@testable import MQBench

@Suite("What a consumer makes of messages", .timeLimit(.minutes(1)))
struct TallyTests {
    @Test("Others' messages are never taken for those expected, whatever is in them", arguments: [nil, 1000.0])
    func foreign(rate: Double?) throws {
        var job = WorkerJob(
            role: .consume, address: "mem:x", run: 7, size: 16, batch: 1, warmup: 0, duration: 1, windows: 5, payload: "zero",
            isThread: true)
        job.rate = rate
        let now = Deadline.now()
        var tally = Tally(job, watch: Stopwatch(begin: now, end: now + 1_000_000_000, isThread: true), counters: try SharedCounters())
        var batch = Batch()
        batch.append([UInt8](repeating: 0xff, count: 16))
        for sequence in [0, 1, 2, 2, 3] {
            let place = batch.reserve(16)
            Stamp.write(place, size: 16, run: 7, producer: 0, sequence: sequence, due: now, sent: now)
            batch.commit(16)
            if sequence == 1 { batch.append([UInt8](repeating: 0xff, count: 16)) }
        }
        try tally.take(batch, at: now, behind: 0)
        let result = tally.result(at: now)
        #expect(tally.received == 4 && result.foreign == 2)
        #expect(result.logs.map(\.duplicated) == [1] && result.logs.map(\.reordered) == [0])
    }
}
