import MQStandIns
import MQTesting

@testable import MQBench

/// Reports of any figures and any words, as no machine would measure them.
extension Sample {
    static func random(_ random: inout SeededGenerator) -> BenchReport {
        var report = BenchReport()
        (report.version, report.startedAt) = (text(&random), text(&random))
        report.label = maybe(&random) { text(&$0) }
        (report.host.name, report.host.system, report.host.processor) = (text(&random), text(&random), text(&random))
        (report.host.processors, report.host.memoryBytes) = (count(&random), count(&random))
        (report.host.loadBefore, report.host.loadAfter, report.host.steal) = (figure(&random), figure(&random), figure(&random))
        report.plan = plan(&random)
        report.floor = maybe(&random) { Floor(messagesPerSecond: figure(&$0), p50: figure(&$0), p99: figure(&$0)) }
        report.results = list(&random) { result(&$0) }
        report.warnings = list(&random) { text(&$0) }
        return report
    }

    private static func plan(_ random: inout SeededGenerator) -> BenchPlan {
        var plan = BenchPlan()
        (plan.addresses, plan.sizes) = (list(&random) { text(&$0) }, list(&random) { count(&$0) })
        (plan.producers, plan.consumers, plan.windows, plan.batch) = (count(&random), count(&random), count(&random), count(&random))
        (plan.rate, plan.objective, plan.payload) = (text(&random), maybe(&random) { text(&$0) }, text(&random))
        (plan.duration, plan.warmup, plan.count) = (figure(&random), figure(&random), maybe(&random) { count(&$0) })
        (plan.roundTrip, plan.sameProcess) = (Bool.random(using: &random), Bool.random(using: &random))
        return plan
    }

    private static func result(_ random: inout SeededGenerator) -> BenchResult {
        var result = BenchResult()
        (result.name, result.address, result.transport, result.guarantee) = (text(&random), text(&random), text(&random), text(&random))
        result.size = count(&random)
        result.throughput = maybe(&random) { throughput(&$0) }
        result.latency = maybe(&random) { latency(&$0) }
        result.search = maybe(&random) { list(&$0) { SearchStep(rate: figure(&$0), value: figure(&$0), isMet: Bool.random(using: &$0)) } }
        result.isProcessLocal = maybe(&random) { Bool.random(using: &$0) }
        (result.failure, result.failureKind) = (maybe(&random) { text(&$0) }, maybe(&random) { text(&$0) })
        return result
    }

    private static func throughput(_ random: inout SeededGenerator) -> Throughput {
        var throughput = Throughput()
        throughput.messagesPerSecond = figure(&random)
        throughput.windows = list(&random) { Window(seconds: figure(&$0), messages: count(&$0)) }
        (throughput.account, throughput.producers, throughput.consumers) = (account(&random), cost(&random), cost(&random))
        throughput.measuredMessages = count(&random)
        (throughput.warnings, throughput.invalid) = (list(&random) { text(&$0) }, list(&random) { text(&$0) })
        return throughput
    }

    private static func latency(_ random: inout SeededGenerator) -> Latency {
        var latency = Latency()
        (latency.rate, latency.achievedRate) = (figure(&random), figure(&random))
        (latency.response, latency.publishDelay) = (distribution(&random), distribution(&random))
        latency.service = maybe(&random) { distribution(&$0) }
        (latency.account, latency.producers, latency.consumers) = (account(&random), cost(&random), cost(&random))
        (latency.warnings, latency.invalid) = (list(&random) { text(&$0) }, list(&random) { text(&$0) })
        return latency
    }

    private static func distribution(_ random: inout SeededGenerator) -> Distribution {
        var histogram = Histogram()
        for _ in 0..<Int.random(in: 0..<20, using: &random) {
            histogram.record(Int.random(in: 0...1 << Int.random(in: 1..<52, using: &random), using: &random))
        }
        return Distribution(histogram)
    }

    private static func account(_ random: inout SeededGenerator) -> Account {
        Account(
            sent: count(&random), received: count(&random), lost: count(&random), duplicated: count(&random), reordered: count(&random))
    }

    private static func cost(_ random: inout SeededGenerator) -> Cost {
        Cost(
            user: figure(&random), system: figure(&random), voluntarySwitches: count(&random), involuntarySwitches: count(&random))
    }

    /// Up to a dozen characters, such as break text that is not escaped.
    static func text(_ random: inout SeededGenerator) -> String {
        let odd: [Unicode.Scalar] = [
            "\"", "\\", "/", "<", ">", "&", "\n", "\r", "\t", "\0", "\u{1b}", "\u{7f}", "\u{85}", "é", "€", "\u{202e}", "😀", "\u{2028}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<12, using: &random) {
            text.append(
                Bool.random(using: &random)
                    ? odd.randomElement(using: &random)! : Unicode.Scalar(UInt8.random(in: 32..<127, using: &random)))
        }
        return String(text)
    }

    /// Of any magnitude that a report may hold.
    private static func figure(_ random: inout SeededGenerator) -> Double {
        Bool.random(using: &random)
            ? Double(count(&random)) : Double.random(in: 0...1, using: &random) / Double(1 << Int.random(in: 0..<40, using: &random))
    }

    private static func count(_ random: inout SeededGenerator) -> Int {
        Int.random(in: 0...1 << Int.random(in: 0..<49, using: &random), using: &random)
    }

    private static func list<Element>(_ random: inout SeededGenerator, _ element: (inout SeededGenerator) -> Element) -> [Element] {
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in element(&random) }
    }

    private static func maybe<Value>(_ random: inout SeededGenerator, _ value: (inout SeededGenerator) -> Value) -> Value? {
        Bool.random(using: &random) ? value(&random) : nil
    }
}
