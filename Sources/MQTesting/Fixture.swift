import Glibc
import Synchronization

/// Undoes what a test did, in reverse order, when it goes out of scope or `cleanUp` is called.
public final class Fixture: Sendable {
    private let steps = Mutex<[@Sendable () -> Void]>([])

    public init() {}
    deinit { cleanUp() }

    /// To be called at the end, before everything that was noted earlier.
    public func atEnd(_ step: @escaping @Sendable () -> Void) { steps.withLock { $0.append(step) } }

    public func cleanUp() {
        while let step = steps.withLock({ $0.popLast() }) { step() }
    }

    /// A new empty directory below the temporary one, removed with all files in it (not with directories).
    public func directory() throws -> String {
        var template = Array("/tmp/mq-test-XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) != nil else {
            throw ConformanceFailure("cannot make a temporary directory: errno \(errno)")
        }
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        atEnd { Self.removeDirectory(path) }
        return path
    }

    private static func removeDirectory(_ path: String) {
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink("\(path)/\(name)") }
        }
        closedir(stream)
        rmdir(path)
    }
}

/// Names nobody else uses: this process, this moment, a counter.
public enum UniqueName {
    private static let counter = Atomic<Int>(0)
    private static let start: Int = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_nsec / 1000
    }()

    private static func number() -> Int { counter.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Letters, digits and hyphens, at most 40 bytes: valid for every transport.
    public static func make(_ prefix: String = "mqtest") -> String { "\(prefix)-\(getpid())-\(start)-\(number())" }

    /// A positive number of 31 bits, for keys that are numbers.
    public static func key() -> Int {
        let mixed = (getpid() &* 2_654_435) ^ CInt(truncatingIfNeeded: start &* 7919) &+ CInt(number())
        return 0x4000_0000 | Int(mixed & 0x3fff_ffff)
    }
}

/// A plain thread that may block; the pool of Swift's tasks must not.
public final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let thread = Mutex<pthread_t?>(nil)

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

    public var isDone: Bool { result.withLock { $0 != nil } }
}

private final class ThreadBody {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
