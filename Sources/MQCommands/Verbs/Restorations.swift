import Synchronization

/// How often a connection of a source was restored; told by whatever thread restored it.
final class Restorations: Sendable {
    private let number = Atomic(0)

    func add() { number.add(1, ordering: .relaxed) }
    var count: Int { number.load(ordering: .relaxed) }
}
