import Testing

@testable import MQBench

@Suite("Shared counters", .timeLimit(.minutes(1)))
struct SharedCountersTests {
    @Test("Every time falls into the bucket that begins at or below it, an eighth wide at most")
    func buckets() {
        for value in [0, 1, 7, 8, 9, 15, 16, 17, 100, 12_345, 1 << 20, (1 << 40) - 1, UInt64(Int64.max), .max] {
            let bucket = SharedCounters.bucket(of: value)
            let start = SharedCounters.start(ofBucket: bucket)
            #expect(bucket < 512 && start <= value && value - start <= value / 8, "\(value)")
        }
        for bucket in 0..<SharedCounters.bucket(of: .max) {
            #expect(SharedCounters.bucket(of: SharedCounters.start(ofBucket: bucket)) == bucket)
        }
    }

    @Test("A percentile is taken over all workers, and is none without times")
    func percentile() throws {
        let counters = try SharedCounters()
        #expect(counters.responsePercentile(0.99, 0..<3) == nil)
        for number in 1...1000 { counters.note(UInt64(number) * 1000, slot: number % 3) }
        let p99 = try #require(counters.responsePercentile(0.99, 0..<3))
        #expect((880_000...990_000).contains(p99))
        // Counters and times of other workers are left alone.
        #expect(counters.sum(0..<3) == 0 && counters.responsePercentile(0.5, 3..<499) == nil && !counters.isStopped)
    }
}
