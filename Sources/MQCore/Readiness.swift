import Glibc

/// What ended a wait.
public enum Readiness: Sendable {
    case ready, deadlinePassed, stopped
}

extension Readiness {
    /// Waits until `descriptor` has one of `events` (poll(2) flags; errors and hang-ups always count), the deadline
    /// passes or the flag is raised. A negative descriptor waits for the other two only.
    public static func wait(
        for events: Int32, on descriptor: CInt, until deadline: Deadline, stop: StopFlag
    ) -> Readiness {
        while true {
            if stop.isRaised { return .stopped }
            var descriptors = (
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
            )
            let found = withUnsafeMutablePointer(to: &descriptors) { pair in
                pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, deadline.pollMilliseconds) }
            }
            if descriptors.1.revents != 0 { return .stopped }
            if descriptors.0.revents != 0 { return .ready }
            if found == 0 && deadline.hasPassed { return .deadlinePassed }
        }
    }

    /// Sleeps until the deadline, to within a tenth of a millisecond, or the flag.
    public static func sleep(until deadline: Deadline, stop: StopFlag) -> Readiness {
        while let left = deadline.remaining, left > 0 {
            if stop.isRaised { return .stopped }
            if left < 1_500_000 {
                usleep(UInt32((left + 999) / 1000))
            } else if case .stopped = wait(for: 0, on: -1, until: Deadline(nanoseconds: deadline.nanoseconds - 1_000_000), stop: stop) {
                return .stopped
            }
        }
        return deadline.isNever ? wait(for: 0, on: -1, until: .never, stop: stop) : .deadlinePassed
    }
}
