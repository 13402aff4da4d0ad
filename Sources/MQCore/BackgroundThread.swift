internal import CProcess
import Glibc

/// A detached POSIX thread: this program blocks in system calls, which a cooperative pool must not.
public enum BackgroundThread {
    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs `body` on a thread that nobody waits for.
    /// - Parameters:
    ///   - name: what `ps -L` and a debugger show: at most 15 bytes.
    ///   - blockingSignals: no signal is delivered to the thread, nor to those that it starts.
    /// - Throws: `failure` when the system gives no thread.
    public static func start(
        _ name: String, blockingSignals: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(TransportError) {
        precondition(name.utf8.count < 16, "the kernel keeps 15 bytes of a name")
        let work = Unmanaged.passRetained(Work(name, body))
        var thread = pthread_t()
        func create() -> CInt {
            pthread_create(
                &thread, nil,
                { pointer in
                    let work = Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue()
                    cprocess_name_thread(work.name)
                    work.body()
                    return nil
                }, work.toOpaque())
        }
        let status = blockingSignals ? self.blockingSignals(create) : create()
        guard status == 0 else {
            work.release()
            throw TransportError(.failure, "no thread for \(name): \(SystemError.words(status))", errno: status)
        }
        pthread_detach(thread)
    }

    /// The same where no error can be thrown and nothing works without the thread: the program ends with a sentence instead.
    public static func startOrEnd(_ name: String, _ body: @escaping @Sendable () -> Void) {
        do throws(TransportError) { try start(name, body) } catch {
            let line = "mq: \(error.message)\n"
            _ = Array(line.utf8).withUnsafeBytes { SystemCall.writeAll($0, to: STDERR_FILENO) }
            _exit(2)
        }
    }

    /// Blocks every signal meanwhile, for threads that are started inside: they inherit the mask. The program blocks
    /// them already; a test or another host may not.
    public static func blockingSignals<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
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
