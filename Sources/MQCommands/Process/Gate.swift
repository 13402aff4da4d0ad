import MQCore
import Synchronization

/// Closed while nothing is to be taken; from any thread.
final class Gate: Sendable {
    private let turn: Turn
    /// On the wall clock, in nanoseconds since 1970; 0 while it is open.
    private let closedSince = Atomic<Int64>(0)

    init(_ turn: Turn) { self.turn = turn }

    var isClosed: Bool { closedSince.load(ordering: .acquiring) != 0 }
    /// Since when it is closed, in nanoseconds since 1970.
    var since: Int64? { isClosed ? closedSince.load(ordering: .acquiring) : nil }

    func close() {
        _ = closedSince.compareExchange(expected: 0, desired: WallClock.now(), ordering: .acquiringAndReleasing)
        turn.end()
    }

    func open() {
        closedSince.store(0, ordering: .releasing)
        turn.end()
    }
}
