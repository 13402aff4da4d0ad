public import MQCore
import Synchronization

/// Clocks that stand still until they are moved. Whoever waits by them looks at them again every millisecond.
public final class HandClocks: Sendable {
    private let state: Mutex<(monotonic: UInt64, wall: Int64)>

    /// - Parameter wall: nanoseconds since 1970.
    public init(wall: Int64 = 1_700_000_000_000_000_000) { state = Mutex((1_000_000_000, wall)) }

    /// Moves both clocks on.
    public func advance(_ duration: Duration) {
        state.withLock { time in
            time.monotonic += duration.nanoseconds
            time.wall += Int64(duration.nanoseconds)
        }
    }

    /// To be given to what is tested.
    public var clocks: Clocks {
        let now = { @Sendable in self.state.withLock { $0.monotonic } }
        return Clocks(
            monotonic: now, wall: { self.state.withLock { $0.wall } },
            wait: { deadline in
                if deadline.isNever { return .never }
                return now() >= deadline.nanoseconds ? .immediately : .after(.milliseconds(1))
            })
    }
}
