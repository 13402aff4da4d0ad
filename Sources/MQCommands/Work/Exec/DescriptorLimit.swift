import Glibc

/// How many descriptors this process may have open.
enum DescriptorLimit {
    /// Raises the soft limit so that there are `count` more, as far as the hard limit allows.
    /// - Returns: the limit before, which is what a command gets; 0 when it was left as it was.
    static func raise(for count: Int) -> UInt {
        var limit = rlimit()
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        let wanted = rlim_t(count + 64)
        guard limit.rlim_cur < wanted, limit.rlim_cur < limit.rlim_max else { return 0 }
        let before = UInt(limit.rlim_cur)
        limit.rlim_cur = min(wanted, limit.rlim_max)
        return setrlimit(resource, &limit) == 0 ? before : 0
    }
}
