import Synchronization

/// How many messages a capture did not get; read by other threads.
final class MissedMessages: Sendable {
    private let number = Atomic(0)
    var count: Int { number.load(ordering: .relaxed) }
    func add(_ count: Int) { number.add(count, ordering: .relaxed) }
    func set(_ count: Int) { number.store(count, ordering: .relaxed) }
}
