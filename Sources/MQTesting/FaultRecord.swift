import MQCore
import Synchronization

/// What was done wrong, by all senders of a transport together.
public final class FaultRecord: Sendable {
    /// In messages.
    public struct Counts: Sendable, Equatable {
        /// Not passed on.
        public var dropped = 0
        /// Passed on twice.
        public var duplicated = 0
        /// Passed on behind their successors.
        public var swapped = 0
        /// Refused after they were accepted.
        public var rejected = 0
    }

    private let state = Mutex(Counts())
    private let openings = Atomic(0)
    /// Nothing was done wrong yet.
    public init() {}
    /// Up to now.
    public var counts: Counts { state.withLock { $0 } }
    /// How many senders were opened before.
    func noteOpening() -> Int { openings.add(1, ordering: .relaxed).oldValue }
    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}
