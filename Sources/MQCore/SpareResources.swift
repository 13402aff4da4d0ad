internal import CProcess
internal import Glibc

/// What is left of the limits of this process, for libraries that end it by abort(3) when something is missing.
public enum SpareResources {
    /// - Parameter who: needs so many descriptors and so much address space, in bytes.
    /// - Throws: `failure` when they are not to be had now.
    public static func require(descriptors: Int, bytes: Int, for who: String) throws(TransportError) {
        keepAddressSpace()
        var taken: [CInt] = []
        while taken.count < descriptors {
            let descriptor = dup(STDERR_FILENO)
            if descriptor < 0 { break }
            taken.append(descriptor)
        }
        for descriptor in taken { close(descriptor) }
        guard taken.count == descriptors else {
            throw TransportError(
                .failure, "\(who) needs \(descriptors) descriptors, and this process may open only \(taken.count) more",
                hint: "ulimit -n raises the limit", errno: EMFILE)
        }
        guard hasRoom(for: bytes) else {
            throw TransportError(
                .failure, "\(who) needs \(bytes >> 20) MiB of address space, and this process cannot have them",
                hint: "ulimit -v raises the limit", errno: ENOMEM)
        }
    }

    /// Whether so many bytes of address space can be had. Not by malloc(3): a compiler may leave out a try of which nothing is used.
    static func hasRoom(for bytes: Int) -> Bool {
        let place = mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let place, place != MAP_FAILED else { return false }
        munmap(place, bytes)
        return true
    }

    /// Where address space is limited, keeps the C library from taking 64 MiB and more of it for each thread that allocates (its arenas):
    /// the first thread would take what was found for the stacks of the others.
    private static func keepAddressSpace() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else { return }
        cprocess_share_arena()
    }

    /// Whether a descriptor can be opened.
    static var hasDescriptor: Bool {
        let descriptor = dup(STDERR_FILENO)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }
}
