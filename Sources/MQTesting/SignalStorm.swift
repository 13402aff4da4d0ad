import Glibc
import MQStandIns
import Synchronization

/// Hits threads with a harmless signal every millisecond, without SA_RESTART: each blocking call sees EINTR all the time.
public final class SignalStorm: Sendable {
    private static let signal = SIGUSR2
    private let threads = Mutex<[pthread_t]>([])
    private let isOver = Atomic<Bool>(false)
    private let thread = Mutex<Background<Void>?>(nil)

    /// Installs the handler for good: putting the default action back could kill the process by a late signal.
    public static func withInstalledHandler(_ body: () throws -> Void) throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigemptyset(&action.sa_mask)
        action.sa_flags = 0
        sigaction(signal, &action, nil)
        try body()
    }

    /// Hits nobody before a thread is added.
    public init() {}

    /// Begins to hit the calling thread, too.
    public func addThisThread() {
        let me = pthread_self()
        threads.withLock { $0.append(me) }
        thread.withLock { running in
            if running == nil { running = Background { [weak self] in while let self, self.hit() { usleep(1000) } } }
        }
    }

    /// To be called before the thread ends.
    public func removeThisThread() {
        let me = pthread_self()
        let isEmpty = threads.withLock { threads in
            if let place = threads.firstIndex(where: { pthread_equal($0, me) != 0 }) { threads.remove(at: place) }
            return threads.isEmpty
        }
        if isEmpty { isOver.store(true, ordering: .releasing) }
    }

    private func hit() -> Bool {
        threads.withLock { for thread in $0 { pthread_kill(thread, Self.signal) } }
        return !isOver.load(ordering: .acquiring)
    }
}
