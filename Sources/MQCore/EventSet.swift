internal import CProcess
import Glibc

/// Descriptors to wait for all at once, however many there are: epoll(7).
///
/// Its own descriptor is readable while something is to be told, so that it can be waited for beside others, or in another set.
public final class EventSet: Sendable {
    /// What became ready.
    public struct Event: Sendable {
        /// The number that the descriptor was added with.
        public var token: UInt64
        /// poll(2) flags; errors and hang-ups are among them unasked.
        public var flags: Int32
    }

    private let epoll: PipeEnd
    private static let capacity = 64

    /// - Throws: `failure` when there are no descriptors left.
    public init() throws(TransportError) {
        let made = cprocess_set_make()
        guard made >= 0 else { throw TransportError(.failure, "no epoll: \(SystemError.words(-made))", errno: -made) }
        epoll = PipeEnd(owning: made)
    }

    /// Readable while something in the set has happened, for a set within another.
    public var descriptor: CInt { epoll.descriptor }

    /// Waits for `flags` (poll(2)) on a descriptor from now on. One that is closed leaves by itself, unless another process has it, too.
    /// - Parameter once: nothing more is told of it after the first time, until `change`.
    /// - Returns: 0, or the error number: EPERM for a file, which is always ready.
    @discardableResult
    public func add(_ descriptor: CInt, _ flags: Int32, token: UInt64, once: Bool = false) -> CInt {
        -cprocess_set_put(epoll.descriptor, descriptor, UInt32(bitPattern: flags), token, 1, once ? 1 : 0)
    }

    /// Waits for other flags; 0 leaves errors and hang-ups only.
    public func change(_ descriptor: CInt, _ flags: Int32, token: UInt64, once: Bool = false) {
        _ = cprocess_set_put(epoll.descriptor, descriptor, UInt32(bitPattern: flags), token, 0, once ? 1 : 0)
    }

    /// Forgets a descriptor, which must be open still.
    public func remove(_ descriptor: CInt) { _ = cprocess_set_remove(epoll.descriptor, descriptor) }

    /// Appends what is ready; some of it when that is much.
    /// - Parameter deadline: when to come back with nothing.
    public func wait(until deadline: Deadline, into events: inout [Event]) {
        withUnsafeTemporaryAllocation(of: cprocess_event.self, capacity: Self.capacity) { buffer in
            while true {
                let count = cprocess_set_wait(epoll.descriptor, buffer.baseAddress!, CInt(Self.capacity), deadline.pollMilliseconds)
                for index in 0..<max(0, Int(count)) {
                    events.append(Event(token: buffer[index].token, flags: Int32(bitPattern: buffer[index].events)))
                }
                if count > 0 || (count < 0 && count != -EINTR) || deadline.hasPassed { return }
            }
        }
    }
}
