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

/// A socket of a context, used by one thread. Closed when it goes; what it had not sent goes with it unless `linger` says otherwise.
struct Socket: ~Copyable {
    let library: Library
    let pointer: UnsafeMutableRawPointer
    let type: SocketType

    /// - Throws: `failure` when there are no descriptors left.
    init(_ type: SocketType, in context: borrowing Context) throws(TransportError) {
        let library = context.library
        guard let pointer = library.api.pointee.socket(context.pointer, type.number) else {
            throw library.error(library.api.pointee.error_number(), "opening a \(type.rawValue) socket")
        }
        (self.library, self.pointer, self.type) = (library, pointer, type)
        // A socket dropped on the way out must not hold up the end of its context; this cannot fail.
        var linger: CInt = 0
        _ = czmq_set(library.api, pointer, ZMQ_LINGER, &linger, MemoryLayout<CInt>.size)
    }

    deinit { _ = library.api.pointee.close(pointer) }

    func set<Value: BitwiseCopyable>(_ option: CInt, _ value: Value) throws(TransportError) {
        let result = withUnsafeBytes(of: value) { czmq_set(library.api, pointer, option, $0.baseAddress, $0.count) }
        if result < 0 { throw library.error(-result, "setting option \(option) of libzmq") }
    }

    func set(_ option: CInt, _ bytes: [UInt8]) throws(TransportError) {
        let result = bytes.withUnsafeBytes { czmq_set(library.api, pointer, option, $0.baseAddress, $0.count) }
        if result < 0 { throw library.error(-result, "setting option \(option) of libzmq") }
    }

    /// An option of type `int`; -errno when libzmq refuses.
    func integer(_ option: CInt) -> CInt {
        var value: CInt = 0
        var size = MemoryLayout<CInt>.size
        let result = czmq_get(library.api, pointer, option, &value, &size)
        return result < 0 ? result : value
    }

    /// The endpoint bound or connected last, with wildcards resolved.
    var lastEndpoint: String {
        var buffer = [CChar](repeating: 0, count: 512)
        var size = buffer.count
        let result = czmq_get(library.api, pointer, ZMQ_LAST_ENDPOINT, &buffer, &size)
        guard result == 0, let end = buffer.firstIndex(of: 0) else { return "" }
        return String(decoding: buffer[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// ZMQ_EVENTS: what the socket is ready for. Reading it makes libzmq do its housekeeping, which a send that was
    /// refused does not.
    var events: CInt { max(0, integer(ZMQ_EVENTS)) }

    /// The descriptor that becomes readable when `events` may have changed (edge-triggered: read `events` before waiting).
    var descriptor: CInt { integer(ZMQ_FD) }
}
