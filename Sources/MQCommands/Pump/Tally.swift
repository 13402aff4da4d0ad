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

    /// `mq: 1,204 done, 12 retried, 1 rejected, 1 dead-lettered, 3 returned, 0 leases lost in 00:01:12`, without the name of the program.
    var line: String {
        let counts = [
            (counters.messages.load(ordering: .relaxed), "done"), (retried.load(ordering: .relaxed), "retried"),
            (rejected.load(ordering: .relaxed), "rejected"), (deadLettered.load(ordering: .relaxed), "dead-lettered"),
            (returned.load(ordering: .relaxed), "returned"), (leasesLost.load(ordering: .relaxed), "leases lost"),
        ]
        return counts.map { "\(Quantity.grouped($0)) \($1)" }.joined(separator: ", ") + " in \(counters.elapsed)"
    }
}
