internal import Glibc
public import MQCore

/// Frames on their way to one peer, and the hot loop of sending that puts them there.
///
/// What was written stays until `reset`, so that it can be sent to another peer when this one has gone without reading it. A message
/// never straddles two blocks. A large body stays where its batch has it, and only its header is here.
public final class FrameBlock {
    /// Bytes of a block that is asked for nothing larger.
    public static let standard = 256 << 10
    /// Bodies from so many bytes on are not copied.
    public static let large = 4 << 10

    /// A body that is not here: it follows the first `place` bytes of those that are.
    struct Loan {
        let place: Int
        let body: UnsafeRawBufferPointer
    }

    private(set) var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes that are here, and those that a batch has lent.
    private(set) var filled = 0
    private var lent = 0
    private(set) var loans: [Loan] = []
    private var lenders: [(batch: UnsafeMutableRawPointer, count: Int)] = []
    /// How far it was written to the socket: bytes that are here, whole loans, and bytes of the next one.
    private(set) var written = (here: 0, loans: 0, ofLoan: 0)
    /// Bytes of it that are still to be written.
    public private(set) var unsentBytes = 0
    /// Messages in it.
    public private(set) var messages = 0
    /// Bytes at the front that are no frames: a greeting.
    private var preamble = 0
    /// Where counting the messages that were written goes on, and how many there are before.
    private var counted = FrameWalk()
    /// The owner's: no message in it has a lower number in the order of sending.
    public var floor = 0
    /// The owner's: how many messages its peer was given before.
    public var first: UInt64 = 0

    /// - Parameter capacity: in bytes, 64 at least.
    public init(capacity: Int = standard) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        giveBack()
        base.deallocate()
    }

    private func giveBack() {
        for lender in lenders { Batch.giveBack(lender.batch, count: lender.count) }
    }

    /// Bytes in it.
    public var length: Int { filled + lent }

    /// Whether it can be used again for any other messages.
    public var isStandard: Bool { capacity == Self.standard }
    /// Whether no byte is in it.
    public var isEmpty: Bool { filled == 0 }
    /// Whether nothing is left to write.
    public var isWritten: Bool { unsentBytes == 0 }

    /// Forgets everything.
    public func reset() {
        giveBack()
        loans.removeAll(keepingCapacity: true)
        lenders.removeAll(keepingCapacity: true)
        (filled, lent, written, unsentBytes) = (0, 0, (0, 0, 0), 0)
        (messages, preamble, counted, floor, first) = (0, 0, FrameWalk(), 0, 0)
    }

    /// Gives what is still to be written to `body`, piece by piece, until it has had enough.
    public func forEachUnsent(_ body: (UnsafeRawBufferPointer) -> Bool) {
        var (here, skipped) = (written.here, written.ofLoan)
        for loan in loans[written.loans...] {
            if loan.place > here, !body(UnsafeRawBufferPointer(start: base + here, count: loan.place - here)) { return }
            if !body(UnsafeRawBufferPointer(rebasing: loan.body[skipped...])) { return }
            (here, skipped) = (loan.place, 0)
        }
        if filled > here { _ = body(UnsafeRawBufferPointer(start: base + here, count: filled - here)) }
    }

    /// Counts bytes that were written, from the front of those that were not.
    public func sent(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= unsentBytes)
        unsentBytes -= bytes
        var left = bytes
        while left > 0 {
            let loan = written.loans < loans.count ? loans[written.loans] : nil
            let here = min(left, (loan?.place ?? filled) - written.here)
            written.here += here
            left -= here
            guard let loan, left > 0 else { continue }
            let part = min(left, loan.body.count - written.ofLoan)
            written.ofLoan += part
            left -= part
            if written.ofLoan == loan.body.count { (written.loans, written.ofLoan) = (written.loans + 1, 0) }
        }
    }

    /// Messages that were written to their end.
    public var writtenMessages: Int {
        if isWritten { return messages }
        while true {
            var next = counted
            guard next.step(over: self) != nil, next.bytes <= length - unsentBytes else { return counted.messages }
            counted = next
        }
    }

    /// Messages of which some bytes are still to be written.
    public var unsentMessages: Int { messages - writtenMessages }

    /// Gives every message behind the first `count` to `body`: its frames as they are sent.
    public func messages(behind count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        var walk = FrameWalk(behind: preamble)
        var start = walk
        while let header = walk.step(over: self) {
            // A command stands between messages.
            if !header.isCommand {
                guard !header.hasMore else { continue }
                if walk.messages > count { give(start, walk, to: body) }
            }
            start = walk
        }
    }

    /// Gives what lies between two places to `body` in one piece.
    private func give(_ start: FrameWalk, _ end: FrameWalk, to body: (UnsafeRawBufferPointer) -> Void) {
        guard end.loans > start.loans else { return body(UnsafeRawBufferPointer(start: base + start.here, count: end.here - start.here)) }
        var (whole, here) = ([UInt8](), start.here)
        for loan in loans[start.loans..<end.loans] {
            whole += UnsafeRawBufferPointer(start: base + here, count: loan.place - here)
            whole += loan.body
            here = loan.place
        }
        whole += UnsafeRawBufferPointer(start: base + here, count: end.here - here)
        whole.withUnsafeBytes(body)
    }

    // MARK: Appending

    /// Whether so many bytes fit behind what is in it.
    public func hasRoom(for bytes: Int) -> Bool { capacity - length >= bytes }

    /// Room for `size` bytes at the end; to be followed by `fill(size)`.
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

    private func fill(_ size: Int) {
        filled += size
        unsentBytes += size
    }

    private func copy(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        fill(bytes.count)
    }

    private func appendHeader(flags: UInt8, size: Int) {
        let place = reserve(9)
        if size <= 255 {
            place.storeBytes(of: flags, as: UInt8.self)
            place.storeBytes(of: UInt8(size), toByteOffset: 1, as: UInt8.self)
            fill(2)
        } else {
            place.storeBytes(of: flags | FrameHeader.long, as: UInt8.self)
            place.storeBytes(of: UInt64(size).bigEndian, toByteOffset: 1, as: UInt64.self)
            fill(9)
        }
    }

    /// Whole command frames.
    public func append(command: [UInt8]) { command.withUnsafeBytes { copy($0) } }

    /// A greeting, at the front of an empty block, and frames behind it that count no more than it does.
    public func append(preamble bytes: [UInt8]) {
        precondition(filled == 0)
        append(command: bytes)
        preamble = filled
        counted = FrameWalk(behind: filled)
    }

    /// The frames of one message, as `messages(behind:)` gave them.
    public func append(message frames: UnsafeRawBufferPointer) {
        copy(frames)
        messages += 1
    }

    /// The frames of one message as they came, with others in front.
    public func append(message frames: UnsafeRawBufferPointer, behind path: ReturnPath) {
        path.bytes.withUnsafeBytes { append($0, path.frames, isWhole: false) }
        append(message: frames)
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
        append(body, frames, isWhole: true)
    }

    /// One message, with frames in front of its own.
    public func append(_ body: UnsafeRawBufferPointer, frames: [Int]?, behind path: ReturnPath) {
        path.bytes.withUnsafeBytes { append($0, path.frames, isWhole: false) }
        append(body, frames: frames)
    }

    /// - Parameter isWhole: whether the message ends with the last of these frames.
    private func append(_ body: UnsafeRawBufferPointer, _ frames: [Int], isWhole: Bool) {
        var place = 0
        for (number, size) in frames.enumerated() {
            appendHeader(flags: isWhole && number == frames.count - 1 ? 0 : FrameHeader.more, size: size)
            copy(UnsafeRawBufferPointer(rebasing: body[place..<(place + size)]))
            place += size
        }
    }

    /// Messages of one frame each, as many as there is room for.
    /// - Returns: how many were appended, from the front of `range`; an empty block takes one in any case.
    public func append(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        let end = base + (capacity - lent)
        let mostCopied = batch.isWorthLending ? Self.large : Int.max
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
                if end - place < size + 9 || size >= mostCopied { break }
                place.storeBytes(of: FrameHeader.long, as: UInt8.self)
                place.storeBytes(of: UInt64(size).bigEndian, toByteOffset: 1, as: UInt64.self)
                memcpy(place + 9, batch.start(of: index), size)
                place += size + 9
            }
            index += 1
        }
        fill(place - base - filled)
        let copied = index - range.lowerBound
        messages += copied
        if index < range.upperBound, batch.size(of: index) >= mostCopied { return copied + borrow(from: batch, index..<range.upperBound) }
        if copied == 0 && filled == 0 && !range.isEmpty {
            append(batch.bytes(of: range.lowerBound))
            return 1
        }
        return copied
    }

    /// Large messages at the front of `range`, as many as there is room for, without copying them.
    private func borrow(from batch: borrowing Batch, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, batch.size(of: index) >= Self.large {
            let body = batch.bytes(of: index)
            guard filled == 0 || hasRoom(for: body.count + 9) else { break }
            appendHeader(flags: 0, size: body.count)
            loans.append(Loan(place: filled, body: body))
            lent += body.count
            unsentBytes += body.count
            index += 1
        }
        let count = index - range.lowerBound
        messages += count
        if count > 0 { lenders.append((batch.lend(count), count)) }
        return count
    }
}
