import Synchronization

/// What became of requests; read by another thread at any time.
final class ServeCounters: Sendable {
    let answered = Atomic(0)
    /// Those whose command failed.
    let failed = Atomic(0)
    /// Replies to somebody who had gone.
    let undelivered = Atomic(0)

    /// In the place of what other works count.
    func figures(_ common: [Figure]) -> [Figure] {
        [
            Figure("answered", answered.load(ordering: .relaxed)), Figure("failed", failed.load(ordering: .relaxed)),
            Figure("undelivered", undelivered.load(ordering: .relaxed)),
        ] + common.filter { $0.words == "returned" }
    }
}
