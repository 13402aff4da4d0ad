import Glibc
import Synchronization

/// The clock of all brokers in this process, which can be taken over: then it stands still until it is moved.
public enum StandInClock {
    private static let start = Atomic<Int64>(0)
    private static let startOfWall = Atomic<Int64>(0)
    private static let moved = Atomic<Int64>(0)

    /// Whether it has been taken over.
    public static var isVirtual: Bool { start.load(ordering: .relaxed) != 0 }
    static var now: Int64 { start.load(ordering: .relaxed) + moved.load(ordering: .relaxed) }
    static var wall: Int64 { startOfWall.load(ordering: .relaxed) + moved.load(ordering: .relaxed) }

    /// Stops it at the time of the machine, before the first broker starts.
    public static func stop() {
        startOfWall.store(wallNanoseconds(), ordering: .relaxed)
        start.store(realNanoseconds(), ordering: .relaxed)
    }

    /// Moves it on by whole nanoseconds, at least none.
    static func advance(_ nanoseconds: Int64) { moved.wrappingAdd(max(0, nanoseconds), ordering: .relaxed) }
}
