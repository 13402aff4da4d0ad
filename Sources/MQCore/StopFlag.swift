import Glibc
import Synchronization

/// Asks every blocking call to return: a flag for loops, a pipe to poll beside a transport's own descriptor,
/// and a signal for calls that have no descriptor.
///
/// Stays raised until the waiting thread lowers it. Raising is safe from any thread, not from a signal handler.
public final class StopFlag: Sendable {
    private let state = Atomic<UInt8>(0)
    /// Without descriptors left the flag still works for loops; polling descriptor -1 is ignored by poll(2).
    private let pipe = Pipe.ifPossible()
    private let interruptible = Mutex<[pthread_t]>([])

    /// A flag that is not raised.
    public init() {}

    /// Readable while the flag is raised; for poll(2).
    public var descriptor: CInt { pipe.reading.descriptor }
    /// Both ends of its pipe: what a thread needs that has a descriptor table of its own.
    public var descriptors: [CInt] { [pipe.reading.descriptor, pipe.writing.descriptor] }
    /// Whether somebody wants an end. Costs one load.
    public var isRaised: Bool { state.load(ordering: .acquiring) != 0 }
    /// Why it was raised first; `nil` while it is not.
    public var reason: StopReason? { StopReason(rawValue: state.load(ordering: .acquiring)) }

    /// Raises the flag and wakes every blocked call, those inside `interrupting` included. The first reason stays.
    public func raise(_ reason: StopReason = .requested) {
        let (exchanged, _) = state.compareExchange(expected: 0, desired: reason.rawValue, ordering: .acquiringAndReleasing)
        guard exchanged else { return }
        var byte: UInt8 = 1
        _ = write(pipe.writing.descriptor, &byte, 1)
        // A signal that lands just before the system call is lost, so it is repeated until the thread has left the call. Once the flag
        // was lowered it has, and may be in the next call, which is not to be ended.
        while isRaised {
            let pending = interruptible.withLock { threads in
                for thread in threads { pthread_kill(thread, Self.wakeSignal) }
                return !threads.isEmpty
            }
            if !pending { return }
            usleep(1000)
        }
    }

    /// Lowers a raised flag, so that it can be raised again: for a flag that only interrupts a wait, after which the caller goes on.
    /// Only the thread that waits with the flag may call this, between two waits.
    public func lower() {
        guard isRaised else { return }
        // `raise` writes one byte after it has set the state. Were that byte not awaited here, the next wait would find it.
        var byte: UInt8 = 0
        while pipe.reading.descriptor >= 0 && read(pipe.reading.descriptor, &byte, 1) < 0 && errno == EINTR {}
        state.store(0, ordering: .releasing)
    }

    /// SIGURG: ignored by default, so a late one does no harm.
    private static let wakeSignal = SIGURG

    private static let installHandler: Void = {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigemptyset(&action.sa_mask)
        action.sa_flags = 0  // without SA_RESTART: the point is EINTR
        sigaction(wakeSignal, &action, nil)
    }()

    /// Marks the threads that take the wake-up.
    private static let unblockedKey: pthread_key_t = {
        _ = installHandler
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// A thread of libdispatch blocks every signal, and a thread inherits its maker's mask: the wake-up would stay pending
    /// for ever. It stays unblocked afterwards, where it does no harm, so that a thread pays for it once.
    private static func unblockWakeSignal() {
        let key = unblockedKey
        guard pthread_getspecific(key) == nil else { return }
        var wake = sigset_t()
        sigemptyset(&wake)
        sigaddset(&wake, wakeSignal)
        pthread_sigmask(SIG_UNBLOCK, &wake, nil)
        pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
    }

    /// Runs a blocking system call that can be woken only by a signal. It ends with EINTR when the flag is raised;
    /// the caller tells that from a foreign signal by `isRaised`.
    ///
    /// - Returns: what `call` returned, or `nil` when the flag was already raised and nothing was called.
    public func interrupting<Result>(_ call: () -> Result) -> Result? {
        Self.unblockWakeSignal()
        let thread = pthread_self()
        interruptible.withLock { $0.append(thread) }
        defer { interruptible.withLock { threads in threads.removeAll { pthread_equal($0, thread) != 0 } } }
        if isRaised { return nil }
        return call()
    }
}
