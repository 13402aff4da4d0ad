import Synchronization

/// What a bridge has done so far, for those who ask: read by other threads at any time.
final class BridgeCounters: Sendable {
    /// Messages without a verdict.
    let open = Atomic(0)
    let filtered = Atomic(0)
    /// Messages that were to go on.
    let passed = Atomic(0)
    private let destinations: [BridgeDestination]
    private let isDry: Bool

    init(_ destinations: [BridgeDestination], isDry: Bool) { (self.destinations, self.isDry) = (destinations, isDry) }

    /// The tally's figures, with what has become of messages at the destinations instead of what is done.
    func figures(_ common: [Figure], restored: Int) -> [Figure] {
        let filtered = Figure("filtered", filtered.load(ordering: .relaxed))
        if isDry {
            return [Figure("would be forwarded", passed.load(ordering: .relaxed)), filtered] + common.filter { $0.words == "rejected" }
        }
        let all = destinations.map(\.figures)
        let sum = { (path: KeyPath<BridgeDestination.Figures, Int>) in all.reduce(0) { $0 + $1[keyPath: path] } }
        let unconfirmed = sum(\.unconfirmed)
        return [
            Figure("forwarded", sum(\.forwarded)), Figure("pending", max(0, open.load(ordering: .relaxed) - unconfirmed), .state),
            Figure("unconfirmed", unconfirmed, .state), filtered,
        ] + common.dropFirst() + [Figure("reconnects", sum(\.reconnects) + restored, .event("Connections that were made again."))]
    }
}
