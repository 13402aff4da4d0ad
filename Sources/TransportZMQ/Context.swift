import CZMQ
import Glibc
import MQCore
import Synchronization

/// A libzmq context: its I/O threads and its sockets. Terminated when it goes, after every socket of it was closed.
struct Context: ~Copyable {
    let library: Library
    let pointer: UnsafeMutableRawPointer
    /// Keeps a context that others use as well.
    private let share: Share?
    /// Somebody else ends it.
    private var isLeft = false

    /// - Parameter threads: I/O threads; one serves about a gigabyte a second.
    /// - Throws: `configuration` without a library, `failure` when the system gives no threads or descriptors.
    init(threads: Int) throws(TransportError) {
        (library, pointer) = try Self.open(threads: threads)
        share = nil
    }

    /// The context in which the threads of this process meet: made by the first, ended by the last.
    init(sharedWithThreads threads: Int) throws(TransportError) {
        let share = try Share.current(threads: threads)
        (library, pointer, self.share) = (share.library, share.pointer, share)
    }

    private static func open(threads: Int) throws(TransportError) -> (Library, UnsafeMutableRawPointer) {
        try SpareResources.require(descriptors: 7 + 2 * threads, bytes: (threads + 3) << 23, for: "libzmq")
        let library = try Library.shared()
        czmq_keep_freed_memory()
        guard let pointer = library.api.pointee.ctx_new() else {
            throw library.error(library.api.pointee.error_number(), "opening libzmq")
        }
        _ = library.api.pointee.ctx_set(pointer, ZMQ_IO_THREADS, CInt(threads))
        // Without it an unterminated socket would wait for ever at the end, whatever LINGER it was given.
        _ = library.api.pointee.ctx_set(pointer, blocky, 0)
        return (library, pointer)
    }

    /// A context with several users.
    private final class Share: @unchecked Sendable {
        // Unchecked: nothing in it changes, and a context may be used by every thread.
        let library: Library
        let pointer: UnsafeMutableRawPointer
        private static let now = Mutex<Weak>(Weak())

        private struct Weak: Sendable {
            weak var share: Share?
        }

        private init(_ library: Library, _ pointer: UnsafeMutableRawPointer) { (self.library, self.pointer) = (library, pointer) }
        deinit { Context.terminate(library, pointer) }

        static func current(threads: Int) throws(TransportError) -> Share {
            try now.withLock { weak throws(TransportError) in
                if let share = weak.share { return share }
                let (library, pointer) = try Context.open(threads: threads)
                let share = Share(library, pointer)
                weak.share = share
                return share
            }
        }
    }

    private static let blocky: CInt = 70

    deinit { if share == nil && !isLeft { Self.terminate(library, pointer) } }

    private static func terminate(_ library: Library, _ pointer: UnsafeMutableRawPointer) {
        while czmq_ctx_term(library.api, pointer) == -EINTR {}
    }

    /// Leaves the rest to a thread of its own: libzmq goes on until what lingers is sent or its time is up.
    /// For a caller that was told to hurry and has closed its sockets already.
    consuming func abandon() {
        // One that is shared is ended by its last user.
        guard share == nil else { return }
        isLeft = true
        let box = Termination(library, pointer)
        do throws(TransportError) {
            try BackgroundThread.start("mq-zmq-linger", blockingSignals: true) { box.run() }
        } catch { box.run() }
    }

    /// What a thread needs to end a context.
    private final class Termination: @unchecked Sendable {
        // Unchecked: given to one thread and used by nobody else; a context may be terminated on any thread.
        private let library: Library
        private let pointer: UnsafeMutableRawPointer
        init(_ library: Library, _ pointer: UnsafeMutableRawPointer) { (self.library, self.pointer) = (library, pointer) }
        func run() { Context.terminate(library, pointer) }
    }
}
