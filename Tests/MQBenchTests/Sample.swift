import Glibc
import MQStandIns
import MQTesting

@testable import MQBench

/// Reports with figures like those of a machine, the same for the same seed.
enum Sample {
    /// Nanoseconds around `median`, with a long tail and a few stalls.
    static func histogram(median: Double, count: Int = 10_000, seed: UInt64 = 1, stall: Double = 0) -> Histogram {
        var random = SeededGenerator(seed: seed)
        var histogram = Histogram()
        // Not by `Double.random`, whose generic code takes a second for all the reports where nothing is optimized.
        func luck() -> Double { Double(random.next() >> 11) * 0x1p-53 }
        for _ in 0..<count {
            var sum = 0.0
            for _ in 0..<6 { sum += luck() * 2 - 1 }
            var value = median * exp(sum * 0.25)
            let luck = luck()
            if luck < 0.01 { value *= pow(luck / 0.01, -0.6) * 2 }
            if luck > 0.9995 { value += stall }
            histogram.record(Int(value))
        }
        return histogram
    }

    static func throughput(_ rate: Double, seed: UInt64 = 1, scatter: Double = 0.03) -> Throughput {
        var random = SeededGenerator(seed: seed)
        let windows = (0..<5).map { _ in
            Window(seconds: 1, messages: Int(rate * Double.random(in: (1 - scatter)...(1 + scatter), using: &random)))
        }
        let messages = windows.map(\.messages).reduce(0, +)
        var account = Account()
        (account.sent, account.received) = (messages, messages)
        var cost = Cost()
        (cost.user, cost.system, cost.voluntarySwitches) = (2.1, 2.6, 1200)
        return Throughput(
            messagesPerSecond: windows.map(\.rate).sorted()[2], windows: windows, account: account, producers: cost, consumers: cost,
            measuredMessages: messages, warnings: [], invalid: [])
    }

    static func latency(median: Double, rate: Double, count: Int = 10_000, seed: UInt64 = 1, stall: Double = 0) -> Latency {
        let response = Distribution(histogram(median: median, count: count, seed: seed, stall: stall))
        var account = Account()
        (account.sent, account.received) = (count, count)
        return Latency(
            rate: rate, achievedRate: rate * 0.9998, response: response,
            service: Distribution(histogram(median: median * 0.9, count: count, seed: seed)),
            publishDelay: Distribution(histogram(median: 90, count: count, seed: seed)), account: account, producers: Cost(),
            consumers: Cost(), warnings: [], invalid: [])
    }

    static func result(
        _ name: String, _ transport: String, _ guarantee: String, size: Int, rate: Double, median: Double, seed: UInt64 = 1,
        stall: Double = 0
    ) -> BenchResult {
        BenchResult(
            name: name, address: name, transport: transport, guarantee: guarantee, size: size, throughput: throughput(rate, seed: seed),
            latency: latency(median: median, rate: rate / 2, seed: seed, stall: stall))
    }

    static let kinds: [(name: String, transport: String, guarantee: String, rate: Double, median: Double, stall: Double)] = [
        ("posix-mq", "posix-mq", "kernel", 701_000, 8200, 0),
        ("sysv", "sysv", "kernel", 640_000, 9100, 4e6),
        ("zmq tcp://127.0.0.1:5555", "zmq", "none", 3_100_000, 21_000, 0),
        ("nsq", "nsq", "broker memory", 92_000, 180_000, 12e6),
        ("sqs", "sqs", "remote", 2_400, 4_100_000, 90e6),
    ]

    static func report(
        transports: Int = 1, sizes: [Int] = [64], label: String? = nil, seed: UInt64 = 1, speed: Double = 1
    ) -> BenchReport {
        let chosen = kinds.prefix(transports)
        let results = chosen.enumerated().flatMap { index, kind in
            sizes.map { size in
                let slower = 1 + Double(size) / 4096
                return result(
                    kind.name, kind.transport, kind.guarantee, size: size, rate: kind.rate / slower * speed,
                    median: kind.median * slower / speed, seed: seed &+ UInt64(index), stall: kind.stall)
            }
        }
        let plan = BenchPlan(
            addresses: chosen.map { "\($0.transport):/bench" }, sizes: sizes, producers: 1, consumers: 1, rate: "50%", objective: nil,
            duration: 5, warmup: 1, windows: 5, count: nil, batch: 256, roundTrip: false, sameProcess: false, payload: "random")
        let host = Host(
            name: "builder", system: "Linux 6.1.0-18-amd64", processor: "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", processors: 2,
            memoryBytes: 8 << 30, loadBefore: 0.12, loadAfter: 1.4, steal: 0.002)
        return BenchReport(
            version: "0.4.0", label: label, startedAt: "2026-01-31T12:34:56.789Z", host: host, plan: plan,
            floor: Floor(messagesPerSecond: 21_400_000, p50: 310e-9, p99: 900e-9), results: results, warnings: [])
    }

    /// Everything that can go wrong at once.
    static func troubled() -> BenchReport {
        var report = report(transports: 5, sizes: [64, 65536], label: "a <bad> day, with \"quotes\" & more")
        report.results[1].latency?.invalid = ["the generator kept 71 % of the rate: 24.8k/s of 35.0k/s"]
        report.results[2].throughput?.invalid = ["more messages were lost than the queue holds"]
        report.results[2].throughput?.account.lost = 1234
        report.results[4].throughput?.warnings = ["the first window differs by 31 % from the others"]
        report.results[6].throughput = nil
        report.results[6].latency = nil
        report.results[6].failure = "nobody answers at 127.0.0.1:4150"
        report.warnings = ["the hypervisor gave 7 % of the processor time to others"]
        return report
    }

    static func roundTrip() -> BenchReport {
        var report = report(transports: 2, label: "ping-pong")
        report.plan.roundTrip = true
        report.plan.rate = "10000"
        for index in report.results.indices {
            report.results[index].throughput = nil
            report.results[index].latency?.service = nil
        }
        return report
    }

    static func search() -> BenchReport {
        var report = report(transports: 2, label: "find")
        (report.plan.rate, report.plan.objective) = ("find", "p99<5ms")
        for index in report.results.indices {
            report.results[index].search = [
                SearchStep(rate: 100_000, value: 0.0012, isMet: true), SearchStep(rate: 400_000, value: 0.031, isMet: false),
                SearchStep(rate: 250_000, value: 0.0041, isMet: true),
            ]
        }
        return report
    }
}
