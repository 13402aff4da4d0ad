import Synchronization

/// SIGHUP for a program that writes files: the wait in hand ends, and the program goes on with another file.
final class Hangups: Sendable {
    private let turn: Turn
    private let isRequested = Atomic(false)

    init(_ turn: Turn) { self.turn = turn }

    func request() {
        isRequested.store(true, ordering: .releasing)
        turn.end()
    }

    /// Whether one came since the last call.
    func take() -> Bool { isRequested.exchange(false, ordering: .acquiringAndReleasing) }
}
