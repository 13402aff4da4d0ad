import Glibc
import Synchronization

/// Undoes what a test did, in reverse order, when it goes out of scope or `cleanUp` is called.
public final class Fixture: Sendable {
    private let steps = Mutex<[@Sendable () -> Void]>([])

    /// Nothing is to be undone yet.
    public init() {}
    deinit { cleanUp() }

    /// To be called at the end, before everything that was noted earlier.
    public func atEnd(_ step: @escaping @Sendable () -> Void) { steps.withLock { $0.append(step) } }

    /// Undoes everything now, the latest first.
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
