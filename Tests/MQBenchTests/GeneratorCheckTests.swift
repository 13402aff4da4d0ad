import MQTesting
import Testing

@testable import MQBench

@Suite("A generator's schedule", .timeLimit(.minutes(1)))
struct GeneratorCheckTests {
    /// A hundred values of nanoseconds: 98 of `typical`, two of `tail`.
    private func histogram(_ typical: Int, tail: Int) -> Histogram {
        var histogram = Histogram()
        histogram.record(typical, times: 98)
        histogram.record(tail, times: 2)
        return histogram
    }

    private func objections(
        response: (Int, Int), service: (Int, Int)?, delay: (Int, Int) = (40, 4000), rate: Double = 1000, achieved: Double = 1000,
        floorTail: Double = 0
    ) -> [String] {
        GeneratorCheck(
            rate: rate, achieved: achieved, response: histogram(response.0, tail: response.1),
            service: service.map { histogram($0.0, tail: $0.1) } ?? Histogram(), delay: histogram(delay.0, tail: delay.1),
            floorTail: floorTail
        ).objections
    }

    @Test("is kept when its delay hardly shows in the percentiles, however large it is beside the median")
    func kept() {
        // The delay's p99 is above the median response, and changes neither percentile by 5 %.
        #expect(objections(response: (3000, 200_000), service: (2960, 196_000)) == [])
        // A tenth of a microsecond is what the clock costs.
        #expect(objections(response: (310, 900), service: (270, 860)) == [])
    }

    @Test("is not kept when a percentile would be another without its delay, which is said")
    func late() {
        #expect(
            objections(response: (10_000, 200_000), service: (9000, 199_000)) == [
                "the generator was late: p50 is 10.0µs, without its delay 9.01µs"
            ])
        #expect(
            objections(response: (10_000, 200_000), service: (9900, 100_000)) == [
                "the generator was late: p99 is 200µs, without its delay 100µs"
            ])
    }

    @Test("is not judged by a tail below that of the harness alone, which is not told either; by a median it is")
    func belowTheFloor() {
        #expect(objections(response: (10_000, 900_000), service: (9900, 700_000), floorTail: 0.0012) == [])
        #expect(objections(response: (10_000, 900_000), service: (9900, 700_000), floorTail: 0.0008).count == 1)
        #expect(objections(response: (10_000, 900_000), service: (9000, 700_000), floorTail: 0.0012).count == 1)
    }

    @Test("is judged by the delay alone where messages have no room for a second time")
    func small() {
        #expect(objections(response: (10_000, 200_000), service: nil, delay: (40, 4000)) == [])
        #expect(objections(response: (10_000, 200_000), service: nil, delay: (40, 40_000)).count == 1)
        #expect(objections(response: (10_000, 200_000), service: nil, delay: (2000, 4000)).count == 1)
    }

    @Test("is not kept at 98 % of the rate", arguments: [(1000, 0), (991, 0), (980, 1), (500, 1)])
    func rate(achieved: Double, count: Int) {
        let found = objections(response: (10_000, 10_000), service: (10_000, 10_000), achieved: achieved)
        #expect(found.count == count && found.allSatisfy { $0.hasPrefix("the generator kept ") }, "\(found)")
    }

    @Test("that was late is explained once for all addresses, where both sides share the processors")
    func crowding() {
        var report = Sample.report(transports: 5)
        #expect(BenchRunner.crowding(report.host, report.plan, report.results) == [])
        for index in [0, 2, 3] { report.results[index].latency?.invalid = ["the generator was late: p50 is 2µs, without its delay 1µs"] }
        report.results[1].latency?.skippedRates = [5]
        #expect(BenchRunner.crowding(report.host, report.plan, report.results).count == 1)
        report.host.processors = 8
        #expect(BenchRunner.crowding(report.host, report.plan, report.results) == [])
    }
}
