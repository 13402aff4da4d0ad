internal import Glibc
internal import MQCore

/// Collects bytes in pieces of any size and cuts frames out of them. No input or output of its own.
///
/// A frame's size is checked before anything is allocated for it, and memory grows only with bytes that have come.
struct FrameDecoder: ~Copyable {
    /// No nsqd is configured for more; above it the stream is not one of nsqd.
    static let maximumSize = 1 << 30
    /// `HTTP` read as a size: what a web server answers.
    private static let httpAnswer: UInt32 = 0x4854_5450
    /// What proves it.
    private static let httpStart: StaticString = "HTTP/1."
    static let standardCapacity = 1 << 18

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0

    init(capacity: Int = FrameDecoder.standardCapacity) {
        self.capacity = max(16, capacity)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Bytes that no frame was cut from yet.
    var pending: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }
    var isEmpty: Bool { start == end }

    /// Room for at least `minimum` more bytes; to be followed by `filled`.
    mutating func room(_ minimum: Int) -> UnsafeMutableRawBufferPointer {
        if capacity - end < minimum { makeRoom(minimum) }
        return UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
    }

    private mutating func makeRoom(_ minimum: Int) {
        let used = end - start
        if capacity - used >= minimum {
            memmove(base, base + start, used)
        } else {
            let larger = max(capacity * 2, used + minimum)
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
            memcpy(fresh, base + start, used)
            base.deallocate()
            (base, capacity) = (fresh, larger)
        }
        (start, end) = (0, used)
    }

    /// Counts bytes that were written into `room`.
    mutating func filled(_ count: Int) {
        precondition(count >= 0 && end + count <= capacity)
        end += count
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        memcpy(room(bytes.count).baseAddress!, source, bytes.count)
        filled(bytes.count)
    }

    /// Everything that no frame was cut from, taken out: what follows a negotiation belongs to the next layer.
    mutating func takeRest() -> [UInt8] {
        defer { (start, end) = (0, 0) }
        return Array(pending)
    }

    /// The next whole frame; `nil` when more bytes are needed.
    /// - Throws: `protocolViolation` for what nsqd never sends.
    @inline(__always)
    mutating func next() throws(TransportError) -> Frame? {
        guard let (frame, size) = try Self.frame(at: start, of: base, until: end) else { return nil }
        start += size
        if start == end { (start, end) = (0, 0) }
        return frame
    }

    /// Calls `body` with each whole frame that is there, and leaves them.
    func peekFrames(_ body: (Frame) -> Void) {
        var place = start
        while let (frame, size) = try? Self.frame(at: place, of: base, until: end) {
            body(frame)
            place += size
        }
    }

    @inline(__always)
    private static func frame(at start: Int, of base: UnsafeMutableRawPointer, until end: Int) throws(TransportError) -> (Frame, Int)? {
        let available = end - start
        guard available >= 4 else { return nil }
        let size = UInt32(bigEndian: base.loadUnaligned(fromByteOffset: start, as: UInt32.self))
        if size < 4 || size > UInt32(maximumSize) {
            if size == httpAnswer && available < httpStart.utf8CodeUnitCount { return nil }
            throw violation(size, UnsafeRawBufferPointer(start: base + start, count: available))
        }
        guard available >= 8 else { return nil }
        let type = UInt32(bigEndian: base.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self))
        guard let kind = Frame.Kind(rawValue: type) else {
            throw TransportError(.protocolViolation, "nsqd sent a frame of the unknown type \(type)", hint: "is this an nsqd?")
        }
        guard available >= 4 + Int(size) else { return nil }
        return (Frame(kind: kind, data: UnsafeRawBufferPointer(start: base + start + 8, count: Int(size) - 4)), 4 + Int(size))
    }

    private static func violation(_ size: UInt32, _ bytes: UnsafeRawBufferPointer) -> TransportError {
        if bytes.starts(with: UnsafeBufferPointer(start: httpStart.utf8Start, count: httpStart.utf8CodeUnitCount)) {
            return TransportError(
                .protocolViolation, "this is an HTTP port",
                hint: "nsqd listens for clients on another one, 4150 by default; its HTTP port is 4151")
        }
        return TransportError(.protocolViolation, "a frame of \(size) bytes cannot be nsqd's", hint: "is this an nsqd?")
    }
}
