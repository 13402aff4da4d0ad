public import MQCore
import Synchronization

/// Clocks that stand still until they are moved.
public final class HandClocks: Sendable {
    private let state: Mutex<(monotonic: UInt64, wall: Int64)>

    /// - Parameter wall: nanoseconds since 1970.
    public init(wall: Int64) { state = Mutex((1_000_000_000, wall)) }

    /// Moves both clocks on.
    public func advance(_ duration: Duration) {
        state.withLock { time in
            time.monotonic += duration.nanoseconds
            time.wall += Int64(duration.nanoseconds)
        }
    }

    /// To be given to what is tested.
    public var clocks: Clocks {
        Clocks(monotonic: { self.state.withLock { $0.monotonic } }, wall: { self.state.withLock { $0.wall } })
    }
}
