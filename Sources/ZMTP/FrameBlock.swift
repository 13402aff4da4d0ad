internal import Glibc
public import MQCore

/// Frames on their way to one peer, and the hot loop of sending that puts them there.
///
/// What was written stays until `reset`, so that it can be sent to another peer when this one has gone without reading it. A message
/// never straddles two blocks.
public final class FrameBlock {
    /// Bytes of a block that is asked for nothing larger.
    public static let standard = 256 << 10

    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes in it, and how many of them were written.
    public private(set) var filled = 0
    /// Bytes of it that were written to the socket.
    public private(set) var written = 0
    /// Messages in it.
    public private(set) var messages = 0
    /// Bytes at the front that are no frames: a greeting.
    private var preamble = 0
    /// Where counting the messages that were written goes on, and how many there are before.
    private var counted = (bytes: 0, messages: 0)
    /// The owner's: no message in it has a lower number in the order of sending.
    public var floor = 0
    /// The owner's: how many messages its peer was given before.
    public var first: UInt64 = 0

    /// - Parameter capacity: in bytes, 64 at least.
    public init(capacity: Int = standard) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Whether it can be used again for any other messages.
    public var isStandard: Bool { capacity == Self.standard }
    /// Whether no byte is in it.
    public var isEmpty: Bool { filled == 0 }
    /// What is still to be written.
    public var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + written, count: filled - written) }
    /// Whether nothing is left to write.
    public var isWritten: Bool { written == filled }

    /// Forgets everything.
    public func reset() { (filled, written, messages, preamble, counted, floor, first) = (0, 0, 0, 0, (0, 0), 0, 0) }

    /// Counts bytes of `unsent` that were written.
    public func sent(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= filled - written)
        written += bytes
    }

    /// Messages that were written to their end.
    public var writtenMessages: Int {
        if written == filled { return messages }
        while let next = frame(at: counted.bytes), next.end <= written {
            counted = (next.end, counted.messages + (next.endsMessage ? 1 : 0))
        }
        return counted.messages
    }

    /// Messages of which some bytes are still to be written.
    public var unsentMessages: Int { messages - writtenMessages }

    /// The frame that begins at a place; frames are whole here.
    private func frame(at place: Int) -> (header: FrameHeader, end: Int, endsMessage: Bool)? {
        guard place < filled,
            case .header(let header) = FrameHeader.read(UnsafeRawBufferPointer(start: base + place, count: filled - place))
        else { return nil }
        return (header, place + header.length + header.size, !header.hasMore && !header.isCommand)
    }

    /// Gives every message behind the first `count` to `body`: its frames as they are sent.
    public func messages(behind count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        var (place, start, passed) = (preamble, preamble, 0)
        while let next = frame(at: place) {
            // A command stands between messages.
            if next.header.isCommand {
                start = next.end
            } else if next.endsMessage {
                if passed >= count { body(UnsafeRawBufferPointer(start: base + start, count: next.end - start)) }
                passed += 1
                start = next.end
            }
            place = next.end
        }
    }

    // MARK: Appending

    /// Whether so many bytes fit behind what is in it.
    public func hasRoom(for bytes: Int) -> Bool { capacity - filled >= bytes }

    /// Room for `size` bytes at the end; to be followed by `filled += size`.
    private func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if capacity - filled < size {
            capacity = max(capacity * 2, filled + size)
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            fresh.copyMemory(from: base, byteCount: filled)
            base.deallocate()
            base = fresh
        }
        return base + filled
    }

    private func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        filled += bytes.count
    }

    private func appendHeader(flags: UInt8, size: Int) {
        let place = reserve(9)
        if size <= 255 {
            place.storeBytes(of: flags, as: UInt8.self)
            place.storeBytes(of: UInt8(size), toByteOffset: 1, as: UInt8.self)
            filled += 2
        } else {
            place.storeBytes(of: flags | FrameHeader.long, as: UInt8.self)
            place.storeBytes(of: UInt64(size).bigEndian, toByteOffset: 1, as: UInt64.self)
            filled += 9
        }
    }

    /// Whole command frames.
    public func append(command: [UInt8]) { command.withUnsafeBytes { copy($0) } }

    /// A greeting, at the front of an empty block, and frames behind it that count no more than it does.
    public func append(preamble bytes: [UInt8]) {
        precondition(filled == 0)
        append(command: bytes)
        preamble = filled
        counted.bytes = filled
    }

    /// The frames of one message, as `messages(behind:)` gave them.
    public func append(message frames: UnsafeRawBufferPointer) {
        copy(frames)
        messages += 1
    }

    /// One message, however large.
    /// - Parameter frames: the lengths of its parts, which add up to its size; `nil` is a single one.
    public func append(_ body: UnsafeRawBufferPointer, frames: [Int]? = nil) {
        messages += 1
        guard let frames, frames.count > 1 else {
            appendHeader(flags: 0, size: body.count)
            copy(body)
            return
        }
        var place = 0
        for (number, size) in frames.enumerated() {
            appendHeader(flags: number < frames.count - 1 ? FrameHeader.more : 0, size: size)
            copy(UnsafeRawBufferPointer(rebasing: body[place..<(place + size)]))
            place += size
        }
    }

    /// Messages of one frame each, as many as there is room for.
    /// - Returns: how many were appended, from the front of `range`; an empty block takes one in any case.
    public func append(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        let end = base + capacity
        var place = base + filled
        var index = range.lowerBound
        while index < range.upperBound {
            let size = batch.size(of: index)
            if size <= 255 {
                if end - place < size + 2 { break }
                // No flags, and the size.
                place.storeBytes(of: (UInt16(truncatingIfNeeded: size) << 8).littleEndian, as: UInt16.self)
                batch.copy(index, to: place + 2, room: end - place - 2)
                place += size + 2
            } else {
                if end - place < size + 9 { break }
                place.storeBytes(of: FrameHeader.long, as: UInt8.self)
                place.storeBytes(of: UInt64(size).bigEndian, toByteOffset: 1, as: UInt64.self)
                memcpy(place + 9, batch.start(of: index), size)
                place += size + 9
            }
            index += 1
        }
        filled = place - base
        let count = index - range.lowerBound
        messages += count
        if count == 0 && filled == 0 && !range.isEmpty {
            append(batch.bytes(of: range.lowerBound))
            return 1
        }
        return count
    }
}
