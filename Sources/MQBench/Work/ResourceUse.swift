internal import Glibc

/// Processor time and context switches of a process or a thread, between two moments.
struct ResourceUse {
    private let usage: rusage

    /// - Parameter thread: of the calling thread alone.
    init(thread: Bool) {
        var usage = rusage()
        getrusage(__rusage_who_t(thread ? 1 : 0), &usage)  // RUSAGE_THREAD, RUSAGE_SELF
        self.usage = usage
    }

    func cost(since start: ResourceUse) -> Cost {
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        var cost = Cost()
        cost.user = seconds(usage.ru_utime) - seconds(start.usage.ru_utime)
        cost.system = seconds(usage.ru_stime) - seconds(start.usage.ru_stime)
        cost.voluntarySwitches = usage.ru_nvcsw - start.usage.ru_nvcsw
        cost.involuntarySwitches = usage.ru_nivcsw - start.usage.ru_nivcsw
        return cost
    }
}
