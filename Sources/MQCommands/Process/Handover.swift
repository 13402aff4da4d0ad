import Synchronization

/// A value that one thread leaves for another, to be taken once.
final class Handover<Value>: Sendable {
    private let content: Mutex<Value?>

    init(_ value: sending Value) { content = Mutex(value) }

    func take() -> sending Value? { content.withLock { $0.take() } }
}
