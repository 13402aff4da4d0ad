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
    /// Connections of the source that were made again.
    let restored = Atomic(0)
    let counters: Counters
    private let change = Mutex<Change?>(nil)

    typealias Change = @Sendable (_ common: [Figure], _ restored: Int) -> [Figure]

    init(_ counters: Counters = Counters()) { self.counters = counters }

    /// Has a work put figures of its own in the place of `done`, which comes first, or add some.
    func present(_ change: @escaping Change) { self.change.withLock { $0 = change } }

    var figures: [Figure] {
        let common = [
            Figure("done", counters.messages.load(ordering: .relaxed)), Figure("retried", retried.load(ordering: .relaxed)),
            Figure("rejected", rejected.load(ordering: .relaxed)), Figure("dead-lettered", deadLettered.load(ordering: .relaxed)),
            Figure("returned", returned.load(ordering: .relaxed)),
            Figure(
                "leases lost", leasesLost.load(ordering: .relaxed),
                .event("Messages that others may have received though they were not settled.")),
        ]
        return change.withLock { $0 }?(common, restored.load(ordering: .relaxed)) ?? common
    }

    /// `1,204 done, 12 retried, 1 rejected, 1 dead-lettered, 3 returned, 0 leases lost in 00:01:12`.
    var line: String {
        figures.map { "\(Quantity.grouped($0.value)) \($0.words)" }.joined(separator: ", ") + " in \(counters.elapsed)"
    }
}
