import Glibc
import Synchronization

/// A plain thread that may block; the pool of Swift's tasks must not.
public final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let thread = Mutex<pthread_t?>(nil)

    /// Starts the thread.
    public init(_ body: @escaping @Sendable () throws -> Value) {
        let work = ThreadBody { [weak self] in
            let outcome = Result { try body() }
            self?.result.withLock { $0 = outcome }
        }
        var identity = pthread_t()
        let code = pthread_create(
            &identity, nil,
            { context in
                Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        precondition(code == 0, "no thread left")
        let made = identity
        thread.withLock { $0 = made }
    }

    deinit { if let thread = thread.withLock({ $0 }) { pthread_detach(thread) } }

    /// Waits for the end, once; later calls return the same.
    @discardableResult
    public func join() throws -> Value {
        let waiting = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let waiting { pthread_join(waiting, nil) }
        return try result.withLock { $0! }.get()
    }

    /// Whether `join` would return at once.
    public var isDone: Bool { result.withLock { $0 != nil } }
}

private final class ThreadBody {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
