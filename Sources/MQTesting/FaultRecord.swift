import MQCore
import Synchronization

/// What was done wrong, by all senders of a transport together.
public final class FaultRecord: Sendable {
    public struct Counts: Sendable, Equatable {
        public var dropped = 0
        public var duplicated = 0
        public var swapped = 0
        public var rejected = 0
    }

    private let state = Mutex(Counts())
    public init() {}
    public var counts: Counts { state.withLock { $0 } }
    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}
