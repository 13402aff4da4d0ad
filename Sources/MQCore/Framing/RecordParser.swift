import Glibc

/// Finds records in bytes as they arrive. Holds no bytes and does no input: the batch holds them, the caller reads.
///
/// A parser that has thrown is finished.
public struct RecordParser: Sendable {
    /// A record that is longer than `limit`: an empty message stands in its place in the batch, and its bytes are not kept.
    public struct Oversize: Sendable, Equatable {
        /// The index of the stand-in; always the last of its batch.
        public let index: Int
        /// Bytes of the record that are not kept.
        public let size: Int
    }

    /// How records are told apart.
    public let framing: Framing
    /// The longest record worth keeping, in bytes.
    public let limit: Int
    /// Set when the batch filled last ends in a record that was too long.
    public private(set) var oversize: Oversize?
    /// The position in the stream, in bytes, of the first record of the batch filled last.
    public private(set) var batchOffset = 0
    /// The position in the stream of the first byte that belongs to no record yet.
    public private(set) var consumed = 0
    /// The position in the stream behind a record that was thrown as `malformed`, where that can be told.
    public private(set) var positionBehindMalformed: Int?
    /// Whether the bytes behind a record that was too long have not been looked at: `frame` is to be called again, after
    /// `prepareRefill`, before anything is read and even when there is nothing more to read.
    public private(set) var hasMore = false

    /// Bytes at the start of the unframed ones that are known to hold no terminator.
    private var scanned = 0
    /// A record that is being dropped: where it begins, the bytes seen of it, and those still to come where its length is known.
    private var dropping: (start: Int, seen: Int, left: Int?)?
    private var finished = false

    /// - Parameter limit: records above it are counted but not kept; `nil` keeps all.
    public init(_ framing: Framing, limit: Int? = nil) {
        precondition(framing != .jsonl && framing != .files, "these are read as lines and as files")
        self.framing = framing
        self.limit = limit ?? .max
    }

    /// Marks the records in the unframed bytes of `batch`; to be called after `prepareRefill` and `refilled`.
    ///
    /// - Parameter atEnd: no more bytes will come; a last record without its terminator is a record.
    /// - Throws: `malformed`. The batch holds the records before the bad one.
    public mutating func frame(_ batch: inout Batch, atEnd: Bool) throws(TransportError) {
        oversize = nil
        hasMore = false
        batchOffset = dropping?.start ?? consumed
        switch framing {
        case .len32: try frameCounted(&batch, atEnd: atEnd, header: Self.len32Header, trailer: 0)
        case .netstring: try frameCounted(&batch, atEnd: atEnd, header: Self.netstringHeader, trailer: 1)
        case .whole:
            if !atEnd {
                endPartial(&batch, overlap: 0, atEnd: false)
            } else if !finished {
                finished = true
                _ = endRecord(&batch, size: batch.unframed.count, terminator: 0)
            }
        default:
            let terminator = framing.terminator!
            terminator.count == 1 ? frameByte(&batch, terminator[0], atEnd: atEnd) : frameString(&batch, terminator, atEnd: atEnd)
        }
    }

    /// The position in the stream of the first byte of a record in the batch filled last, its length prefix included.
    public func position(of index: Int, in batch: borrowing Batch) -> Int {
        if index == 0 { return batchOffset }
        let trailer = framing == .netstring ? 1 : framing.terminator?.count ?? 0
        return batchOffset + batch.offset(of: index - 1) + batch.size(of: index - 1) + trailer
    }

    private mutating func mark(_ batch: inout Batch, offset: Int, size: Int, through: Int) {
        batch.markRecord(offset: offset, size: size, consumed: through)
        consumed += through
        scanned = 0
    }

    private mutating func drop(_ batch: inout Batch, _ bytes: Int) {
        batch.skipUnframed(bytes)
        consumed += bytes
        scanned = 0
    }

    /// Puts an empty message where the dropped record was.
    private mutating func endDropping(_ batch: inout Batch, size: Int) {
        dropping = nil
        hasMore = !batch.unframed.isEmpty
        oversize = Oversize(index: batch.count, size: size)
        batch.markRecord(offset: 0, size: 0, consumed: 0)
    }
}

// MARK: - Records that end in a terminator

extension RecordParser {
    private mutating func frameByte(_ batch: inout Batch, _ terminator: UInt8, atEnd: Bool) {
        let before = batch.framed
        let tooLong = batch.markRecords(endingIn: terminator, scanned: scanned, limit: dropping == nil ? limit : -1)
        let marked = batch.framed - before
        consumed += marked
        if marked > 0 { scanned = 0 }
        if let tooLong {
            _ = endRecord(&batch, size: tooLong, terminator: 1)
        } else {
            endPartial(&batch, overlap: 0, atEnd: atEnd)
        }
    }

    private mutating func frameString(_ batch: inout Batch, _ terminator: [UInt8], atEnd: Bool) {
        while true {
            let bytes = batch.unframed
            guard bytes.count > scanned, let base = bytes.baseAddress,
                let found = ByteSearch.find(terminator, in: base + scanned, bytes.count - scanned)
            else { break }
            if endRecord(&batch, size: base.distance(to: found), terminator: terminator.count) { return }
        }
        endPartial(&batch, overlap: terminator.count - 1, atEnd: atEnd)
    }

    /// Takes the record of `size` bytes; whether the batch must end here.
    private mutating func endRecord(_ batch: inout Batch, size: Int, terminator: Int) -> Bool {
        let seen = dropping?.seen ?? 0
        if dropping == nil && size <= limit {
            mark(&batch, offset: 0, size: size, through: size + terminator)
            return false
        }
        drop(&batch, size + terminator)
        endDropping(&batch, size: seen + size)
        return true
    }

    private mutating func endPartial(_ batch: inout Batch, overlap: Int, atEnd: Bool) {
        let rest = batch.unframed.count
        if atEnd {
            if rest > 0 || dropping != nil { _ = endRecord(&batch, size: rest, terminator: 0) }
            return
        }
        scanned = max(0, rest - overlap)
        // What cannot be sent need not be held: memory stays bounded whatever the length of a record.
        if dropping != nil || scanned > limit {
            dropping = (dropping?.start ?? consumed, (dropping?.seen ?? 0) + scanned, nil)
            drop(&batch, scanned)
        }
    }
}

// MARK: - Records that begin with their length

extension RecordParser {
    /// What the first bytes say: more are needed, or a header of so many bytes and the length of the body.
    private enum Header {
        case incomplete
        case complete(bytes: Int, size: Int)
        case malformed(String)
    }

    private static func len32Header(_ bytes: UnsafeRawBufferPointer) -> Header {
        guard bytes.count >= 4 else { return .incomplete }
        return .complete(bytes: 4, size: Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
    }

    /// Digits without leading zeros, then a colon (D. J. Bernstein, "Netstrings", 1997).
    private static func netstringHeader(_ bytes: UnsafeRawBufferPointer) -> Header {
        var size = 0
        for (index, byte) in bytes.prefix(20).enumerated() {
            if byte == UInt8(ascii: ":") && index > 0 { return .complete(bytes: index + 1, size: size) }
            guard (0x30...0x39).contains(byte) else { return .malformed("a netstring begins with its length in digits and a colon") }
            if index > 0 && size == 0 { return .malformed("a netstring's length has no leading zeros") }
            size = size * 10 + Int(byte - 0x30)
            if size > 1 << 50 { return .malformed("a netstring's length is too large") }
        }
        return .incomplete
    }

    private mutating func frameCounted(
        _ batch: inout Batch, atEnd: Bool, header parse: (UnsafeRawBufferPointer) -> Header, trailer: Int
    ) throws(TransportError) {
        while true {
            let bytes = batch.unframed
            if let (start, seen, left) = dropping, let left {
                let taken = min(left, bytes.count)
                if taken == left { try checkTrailer(bytes, at: taken, trailer) }
                drop(&batch, taken)
                if taken < left {
                    dropping = (start, seen, left - taken)
                    if atEnd { throw truncated(seen - (left - taken), of: seen - trailer) }
                    return
                }
                return endDropping(&batch, size: seen - trailer)
            }
            switch parse(bytes) {
            case .incomplete:
                if atEnd && !bytes.isEmpty { throw TransportError(.malformed, "input ends inside a record's length") }
                return
            case .malformed(let why):
                throw TransportError(.malformed, why)
            case .complete(let length, let size):
                let total = length + size + trailer
                if size > limit {
                    let start = consumed
                    drop(&batch, length)
                    dropping = (start, size + trailer, size + trailer)
                } else if bytes.count < total {
                    if atEnd { throw truncated(max(0, bytes.count - length), of: size) }
                    return
                } else {
                    positionBehindMalformed = consumed + total
                    try checkTrailer(bytes, at: total, trailer)
                    positionBehindMalformed = nil
                    mark(&batch, offset: length, size: size, through: total)
                }
            }
        }
    }

    private func checkTrailer(_ bytes: UnsafeRawBufferPointer, at end: Int, _ trailer: Int) throws(TransportError) {
        guard trailer == 1, bytes[end - 1] != UInt8(ascii: ",") else { return }
        throw TransportError(.malformed, "a netstring ends with a comma, which is missing")
    }

    private func truncated(_ have: Int, of size: Int) -> TransportError {
        TransportError(.malformed, "input ends inside a record: \(Quantity.grouped(min(have, size))) of \(Quantity.count(size, "byte"))")
    }
}
