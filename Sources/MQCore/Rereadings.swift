import Synchronization

/// Files that are read again while the program runs, whenever somebody asks for it. From any thread.
public final class Rereadings: Sendable {
    private let deeds = Mutex<[@Sendable () -> Void]>([])

    /// Nothing is to be read again so far.
    public init() {}

    /// Whether there is nothing to be read again.
    public var isEmpty: Bool { deeds.withLock { $0.isEmpty } }

    /// - Parameter deed: reads a file again; it says itself what came of that.
    public func add(_ deed: @escaping @Sendable () -> Void) { deeds.withLock { $0.append(deed) } }

    /// Reads everything again.
    public func perform() { for deed in deeds.withLock({ $0 }) { deed() } }
}
