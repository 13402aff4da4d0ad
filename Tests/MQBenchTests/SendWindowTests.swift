import MQCore
import MQTesting
import Testing

@testable import MQBench

@Suite("What may be under way", .timeLimit(.minutes(1)))
struct SendWindowTests {
    private func window(_ limit: Int?, _ counters: SharedCounters, producers: Int = 1, isOrdered: Bool = true) -> SendWindow {
        var job = WorkerJob()
        (job.window, job.producers, job.consumers, job.isOrdered) = (limit, producers, 2, isOrdered)
        return SendWindow(job, counters)
    }

    @Test("Without a bound everything may be sent")
    func none() throws {
        var window = window(nil, try SharedCounters())
        #expect((0..<1000).allSatisfy { _ in window.take(256) == 256 })
    }

    @Test("No more than the window is sent before something was received, and then as much again", arguments: [true, false])
    func bound(isOrdered: Bool) throws {
        let counters = try SharedCounters()
        var window = window(1000, counters, isOrdered: isOrdered)
        func send() -> Int {
            var sent = 0
            while true {
                let count = window.take(64)
                if count == 0 { return sent }
                sent += count
                counters[0] += count
            }
        }
        let first = send()
        // Small remains are not worth a call.
        #expect((900...1000).contains(first), "\(first)")
        // Two consumers: their latest where order is promised, otherwise all they have.
        counters.pass(isOrdered ? 600 : 300, slot: 1)
        counters.pass(isOrdered ? 500 : 300, slot: 2)
        let next = send()
        #expect(first + next <= 1600 && next >= 500, "\(next)")
    }

    @Test("A window smaller than a batch is used whole, and two producers share one of a single message")
    func small() throws {
        let counters = try SharedCounters()
        var alone = window(1, counters)
        #expect(alone.take(256) == 1)
        counters[0] = 1
        #expect(alone.take(256) == 0)
        var shared = window(1, try SharedCounters(), producers: 2)
        #expect(shared.take(256) == 1)
    }

    @Test("What does not come for a second is lost, and closes the window no longer")
    func lost() throws {
        let counters = try SharedCounters()
        var window = window(100, counters)
        #expect(window.take(100) == 100)
        counters[0] = 100
        let start = ContinuousClock.now
        while window.take(100) == 0 && ContinuousClock.now - start < .seconds(10) {}
        #expect((.milliseconds(900) ..< .seconds(5)).contains(ContinuousClock.now - start))
    }

    @Test(
        "is read as a person writes it",
        arguments: [("none", .none), ("1", .messages(1)), ("10000", .messages(10_000))] as [(String, WindowLimit)])
    func limits(text: String, limit: WindowLimit) throws { #expect(try WindowLimit(parsing: text) == limit) }

    @Test("is refused otherwise", arguments: ["", "0", "-1", "10k", "NONE", "1.5", "2000000000", "x"])
    func wrongLimits(text: String) {
        let error = #expect(throws: TransportError.self) { try WindowLimit(parsing: text) }
        #expect(error?.code == .usage)
    }

    @Test(
        "is 10,000 messages or 16 MiB unless it is said",
        arguments: [(16, 10_000), (1024, 10_000), (4096, 4096), (1 << 20, 16), (1 << 30, 1)])
    func standard(size: Int, messages: Int) { #expect(WindowLimit.standard.messages(of: size) == messages) }
}
