import Glibc

/// The time of day, for what people read: it may jump. What is measured or bounded goes by `Deadline.now`.
public enum WallClock {
    /// Nanoseconds since 1970.
    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The same in whole seconds.
    public static var seconds: Int64 { now() / 1_000_000_000 }
}
