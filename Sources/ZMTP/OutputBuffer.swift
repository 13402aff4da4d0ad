internal import Glibc
public import MQCore

/// Frames on their way to a descriptor: the hot loop of sending.
public struct OutputBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0

    public init(capacity: Int = 1 << 12) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// What is still to be written.
    public var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }
    public var count: Int { end - start }
    public var isEmpty: Bool { start == end }

    /// Counts bytes of `unsent` that were written.
    public mutating func sent(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count)
        start += bytes
        if start == end { (start, end) = (0, 0) }
    }

    /// Room for `size` bytes at the end; to be followed by `end += size`.
    private mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if end + size > capacity { makeRoom(size) }
        return base + end
    }

    private mutating func makeRoom(_ size: Int) {
        let used = end - start
        if used + size > capacity || start < capacity / 2 {
            capacity = max(capacity * 2, used + size)
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            fresh.copyMemory(from: base + start, byteCount: used)
            base.deallocate()
            base = fresh
        } else {
            memmove(base, base + start, used)
        }
        (start, end) = (0, used)
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// A header alone, for a body that is written from where it is.
    public mutating func appendHeader(flags: UInt8, size: Int) {
        let place = reserve(9)
        if size <= 255 {
            place.storeBytes(of: flags, as: UInt8.self)
            place.storeBytes(of: UInt8(size), toByteOffset: 1, as: UInt8.self)
            end += 2
        } else {
            place.storeBytes(of: flags | FrameHeader.long, as: UInt8.self)
            place.storeBytes(of: UInt64(size).bigEndian, toByteOffset: 1, as: UInt64.self)
            end += 9
        }
    }

    /// One message.
    /// - Parameter frames: the lengths of its parts, which add up to its size; `nil` is a single one.
    public mutating func append(_ body: UnsafeRawBufferPointer, frames: [Int]? = nil) {
        guard let frames else {
            appendHeader(flags: 0, size: body.count)
            append(body)
            return
        }
        var place = 0
        for (number, size) in frames.enumerated() {
            appendHeader(flags: number < frames.count - 1 ? FrameHeader.more : 0, size: size)
            append(UnsafeRawBufferPointer(rebasing: body[place..<(place + size)]))
            place += size
        }
    }

    /// Messages of one small or large frame each, until the buffer holds `most` bytes.
    /// - Returns: how many were appended, from the front of `range`: at least one of them.
    public mutating func append(_ batch: borrowing Batch, _ range: Range<Int>, most: Int) -> Int {
        var index = range.lowerBound
        while index < range.upperBound {
            let size = batch.size(of: index)
            if size <= 255 {
                let place = reserve(2 + size)
                place.storeBytes(of: 0, as: UInt8.self)
                place.storeBytes(of: UInt8(truncatingIfNeeded: size), toByteOffset: 1, as: UInt8.self)
                memcpy(place + 2, batch.start(of: index), size)
                end += 2 + size
            } else {
                appendHeader(flags: 0, size: size)
                append(batch.bytes(of: index))
            }
            index += 1
            if count >= most { break }
        }
        return index - range.lowerBound
    }
}
