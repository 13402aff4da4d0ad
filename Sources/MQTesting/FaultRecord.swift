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
    /// Nothing was done wrong yet.
    public init() {}
    /// Up to now.
    public var counts: Counts { state.withLock { $0 } }
    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}
