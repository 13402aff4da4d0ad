import CZMQ
import Glibc
import MQCore

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
