import CSysV
import Glibc
import MQCore

/// Wakes this thread's blocking call at a deadline. msgsnd and msgrcv have neither a timeout nor a descriptor to poll;
/// a timer signal makes them return EINTR. Without a deadline there is no timer, and an idle receiver never wakes.
struct SysVAlarm: ~Copyable {
    private var timer = csysv_timer()

    deinit {
        var timer = timer
        csysv_timer_close(&timer)
    }

    /// Runs a blocking call so that stop flag and deadline end it with EINTR.
    /// - Returns: its result, negative for an error; -EINTR when the flag was raised before.
    mutating func call(until deadline: Deadline, stop: StopFlag, _ body: () -> Int) -> Int {
        stop.interrupting {
            if deadline.isNever { return body() }
            // Without a timer (RLIMIT_SIGPENDING used up) a short sleep stands in for the blocking call.
            if csysv_timer_arm(&timer, deadline.nanoseconds) < 0 {
                usleep(2000)
                return -Int(EINTR)
            }
            defer { csysv_timer_disarm(&timer) }
            return body()
        } ?? -Int(EINTR)
    }
}
