import Glibc
import Synchronization

/// Names nobody else uses: this process, this moment, a counter.
public enum UniqueName {
    private static let counter = Atomic<Int>(0)
    private static let start: Int = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_nsec / 1000
    }()

    private static func number() -> Int { counter.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Letters, digits and hyphens, at most 40 bytes: valid for every transport.
    public static func make(_ prefix: String = "mqtest") -> String { "\(prefix)-\(getpid())-\(start)-\(number())" }

    /// A positive number of 31 bits, for keys that are numbers.
    public static func key() -> Int {
        let mixed = (getpid() &* 2_654_435) ^ CInt(truncatingIfNeeded: start &* 7919) &+ CInt(number())
        return 0x4000_0000 | Int(mixed & 0x3fff_ffff)
    }
}
