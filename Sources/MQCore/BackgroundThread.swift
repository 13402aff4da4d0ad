import Glibc

/// A detached POSIX thread: this program blocks in system calls, which a cooperative pool must not.
public enum BackgroundThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    public static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let status = pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if status == 0 { pthread_detach(thread) } else { work.release() }
    }

    /// Gives the calling thread a descriptor table of its own, with nothing in it but the standard streams and `kept`. While
    /// two threads share a table, the kernel counts references in every system call of the pump: 5 % of sending a
    /// message. Copies of what the pump has opened by now must not stay, or its closing would close nothing.
    public static func leaveDescriptorTable(keeping kept: [CInt]) {
        // The Glibc module shows neither of the two (close_range(2) is of 2020).
        guard let unshareSymbol = dlsym(nil, "unshare"), let closeSymbol = dlsym(nil, "close_range") else { return }
        let unshare = unsafeBitCast(unshareSymbol, to: (@convention(c) (CInt) -> CInt).self)
        let closeRange = unsafeBitCast(closeSymbol, to: (@convention(c) (CUnsignedInt, CUnsignedInt, CInt) -> CInt).self)
        guard unshare(0x400) == 0 else { return }  // CLONE_FILES
        var next = CUnsignedInt(STDERR_FILENO + 1)
        for descriptor in kept.sorted() where descriptor >= next {
            if descriptor > next { _ = closeRange(next, CUnsignedInt(descriptor) - 1, 0) }
            next = CUnsignedInt(descriptor) + 1
        }
        _ = closeRange(next, .max, 0)
    }
}
