public import Glibc

/// The end of a batch in the hands of a loop that appends many small bodies: what it needs stays in registers.
public struct BatchAppender {
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let spans: UnsafeMutablePointer<Batch.Span>
    @usableFromInline let gap: Batch.Gap
    @usableFromInline let capacity: Int
    @usableFromInline let spanCapacity: Int
    @usableFromInline var used: Int
    @usableFromInline var filled: Int

    /// Bytes in use, gaps included and loans not.
    @inlinable public var byteCount: Int { used }

    @inlinable init(_ batch: borrowing Batch) {
        (base, spans, gap, capacity) = (batch.base, batch.spans, batch.gap, batch.capacity)
        (spanCapacity, used, filled) = (batch.spanCapacity, batch.used, batch.filled)
    }

    /// Copies one body to the end.
    /// - Parameter readable: bytes that may be read from `source` on, `size` at least.
    /// - Returns: false when the batch has to grow for it, which is for `Batch.append` to do.
    @inlinable @inline(__always)
    public mutating func append(_ source: UnsafeRawPointer, _ size: Int, readable: Int) -> Bool {
        let start = used &+ gap.before
        let next = start &+ size &+ gap.after
        guard next <= capacity, filled < spanCapacity else { return false }
        BatchAppender.copy(source, size, to: base + start, room: min(readable, capacity &- start))
        (spans + filled).initialize(to: Batch.Span(start: start, end: start &+ size))
        used = next
        filled &+= 1
        return true
    }

    /// Copies `size` bytes, small bodies in whole pieces: what stands behind them is overwritten, within `room`.
    /// - Parameter room: bytes that may be read from `source` on and written from `target` on, `size` at least.
    @inlinable @inline(__always)
    static func copy(_ source: UnsafeRawPointer, _ size: Int, to target: UnsafeMutableRawPointer, room: Int) {
        guard size <= 128, room >= size &+ 32 else {
            memcpy(target, source, size)
            return
        }
        var offset = 0
        repeat {
            target.storeBytes(
                of: source.loadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self), toByteOffset: offset, as: SIMD32<UInt8>.self)
            offset &+= 32
        } while offset < size
    }
}

extension Batch {
    /// Lends the end of the batch to a loop that appends many small bodies.
    @inlinable public mutating func withAppender<Result>(_ body: (inout BatchAppender) -> Result) -> Result {
        if spanCapacity - filled < 64 { growSpans() }
        var appender = BatchAppender(self)
        let result = body(&appender)
        (used, filled) = (appender.used, appender.filled)
        return result
    }

    /// Copies a body to a transport's own memory, of which what stands behind it is overwritten, within `room`.
    /// - Parameter room: bytes that may be written from `target` on, the size of the body at least.
    @inlinable @inline(__always)
    public func copy(_ index: Int, to target: UnsafeMutableRawPointer, room: Int) {
        let span = spans[index]
        // A body on loan lies outside: at a place below 0, or beyond the capacity.
        let readable = span.start < 0 ? 0 : capacity &- span.start
        BatchAppender.copy(base + span.start, span.end &- span.start, to: target, room: min(readable, room))
    }
}
