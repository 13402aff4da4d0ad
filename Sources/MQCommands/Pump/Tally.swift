import MQCore
import Synchronization

/// What became of messages, for the last line of a verb that works on them; read by another thread at any time.
final class Tally: Sendable {
    let retried = Atomic(0)
    /// Given up: refused, or their attempts used up, and acknowledged.
    let rejected = Atomic(0)
    let deadLettered = Atomic(0)
    /// Back in the queue, or on standard error where it cannot take them.
    let returned = Atomic(0)
    let leasesLost = Atomic(0)
    let counters: Counters

    init(_ counters: Counters = Counters()) { self.counters = counters }

    /// By name, as programs read them.
    var counts: [(name: String, count: Int)] {
        [
            ("done", counters.messages.load(ordering: .relaxed)), ("retried", retried.load(ordering: .relaxed)),
            ("rejected", rejected.load(ordering: .relaxed)), ("dead_lettered", deadLettered.load(ordering: .relaxed)),
            ("returned", returned.load(ordering: .relaxed)), ("leases_lost", leasesLost.load(ordering: .relaxed)),
        ]
    }

    /// `1,204 done, 12 retried, 1 rejected, 1 dead-lettered, 3 returned, 0 leases lost in 00:01:12`.
    var line: String {
        let words = ["done", "retried", "rejected", "dead-lettered", "returned", "leases lost"]
        return zip(counts, words).map { "\(Quantity.grouped($0.count)) \($1)" }.joined(separator: ", ") + " in \(counters.elapsed)"
    }
}
