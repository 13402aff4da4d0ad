import Glibc
import Synchronization

/// Monotonic nanoseconds of the brokers: those of the machine, unless the clock is set by hand.
func loopbackNanoseconds() -> Int64 { StandInClock.isVirtual ? StandInClock.now : realNanoseconds() }

/// Monotonic nanoseconds of the machine.
func realNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Nanoseconds since 1970, which go with the brokers' clock.
func wallNanoseconds() -> Int64 {
    if StandInClock.isVirtual { return StandInClock.wall }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

extension Duration {
    var loopbackNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
    var milliseconds: Int { Int(loopbackNanoseconds / 1_000_000) }
}
