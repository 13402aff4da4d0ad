import MQBench
import MQCore
import MQTesting
import Testing

extension Truth {
    @Suite("about what is under way, and about order", .timeLimit(.minutes(1)))
    struct WindowTests {
        /// Ten thousand messages a second, from a queue that holds more.
        private func slow(_ window: WindowLimit) -> TruthRun {
            var run = TruthRun(rate: "max", duration: 0.3, warmup: 0)
            run.faults.receiveTime = .microseconds(100)
            run.window = window
            return run
        }

        @Test("A throughput phase keeps no more under way than its window")
        func bounded() throws {
            let throughput = try slow(.messages(200)).throughput()
            #expect(throughput.window == 200)
            // What was sent is what the receiver took in that time, and a window.
            #expect(throughput.account.sent <= throughput.measuredMessages + 1500, "\(throughput.account)")
            #expect(throughput.account.figures == [throughput.account.sent, 0, 0, 0])
        }

        @Test("Without one it is what the queue holds")
        func unbounded() throws {
            let throughput = try slow(.none).throughput()
            #expect(throughput.window == nil)
            #expect(throughput.account.sent > throughput.measuredMessages + 8000, "\(throughput.account)")
        }

        @Test("What is lost does not close the window, and is counted exactly", arguments: [true, false])
        func lost(promisesOrder: Bool) throws {
            var run = TruthRun(rate: "max", count: 3000, batch: 16)
            (run.faults.dropEvery, run.faults.promisesOrder) = (promisesOrder ? 10 : 50, promisesOrder)
            run.window = .messages(50)
            let throughput = try run.throughput()
            #expect(throughput.account.sent == 3000 && throughput.account.lost == (promisesOrder ? 300 : 60))
        }

        @Test("Where no order is promised its lack is no fault, and is called so everywhere")
        func order() throws {
            var run = TruthRun(rate: "2000", duration: 0.3)
            (run.faults.swapEvery, run.faults.promisesOrder) = (25, false)
            let report = try run.report()
            let result = try #require(report.results.first)
            #expect(result.isOrdered == false && (result.latency?.account.reordered ?? 0) > 0)
            #expect(ReportText.text(report, isTerminal: false).contains("reordered 0 where order is promised"))
            #expect(ReportMarkdown.text([report]).contains("| not promised |"))
            let page = try ReportHTML.page([report])
            #expect(page.contains("not promised"))
            #expect(!page.contains("<span class=\"flag\">✖ \(result.latency?.account.reordered ?? 0)</span>"))
            run.faults.promisesOrder = true
            #expect(try run.result().isOrdered == nil)
        }

        @Test("Without a rate the phase steps down until the generator keeps its schedule, and says which rates it left out")
        func steps() throws {
            var run = TruthRun(rate: "auto", duration: 0.4, warmup: 0, batch: 4)
            // Four messages a call as fast as it goes; at a rate a call takes a message, and half the throughput is too fast.
            run.faults.callTime = .milliseconds(2)
            let report = try run.report()
            let result = try #require(report.results.first)
            let throughput = try #require(result.throughput?.messagesPerSecond), latency = try #require(result.latency)
            let skipped = try #require(latency.skippedRates)
            #expect((1...4).contains(skipped.count), "\(skipped)")
            let rates = (skipped + [latency.rate]).map { $0 / throughput }
            for (rate, share) in zip(rates, [0.5, 0.25, 0.0625, 0.015625, 0.001953125]) { #expect(abs(rate - share) < 0.001, "\(rates)") }
            #expect(latency.achievedRate > latency.rate * 0.9)
            let words = ReportText.text(report, isTerminal: false).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("since the generator did not keep up with"), "\(words)")
        }

        @Test("A share that is asked for is measured, whatever the generator makes of it")
        func fixedShare() throws {
            var run = TruthRun(rate: "50%", duration: 0.3, warmup: 0, batch: 4)
            run.faults.callTime = .milliseconds(2)
            let latency = try run.latency()
            #expect(latency.skippedRates == nil && latency.invalid.contains { $0.hasPrefix("the generator ") }, "\(latency.invalid)")
        }
    }
}
