internal import Glibc
public import MQCore

/// Takes whole messages out of a stream: the hot loop of receiving, for a connection whose handshake is done.
public struct FrameScanner {
    /// Why the scanner took no more.
    public enum Stop: Sendable, Equatable {
        /// Nothing but whole frames, all of them taken.
        case empty
        /// As many messages, or bytes, as were asked for.
        case full
        /// A command is next, for `Session`.
        case command
        /// The frame at the front is not complete. With its header known: how it goes on.
        case partial(FrameHeader?)
        /// Against the protocol, in words to be read after "the peer".
        case malformed(String)
    }

    /// Frames of one message; libzmq has no bound.
    public static let mostFrames = 65_536

    /// The largest message that is taken, all its frames together.
    let largest: Int
    /// What a message must begin with; empty lets everything through.
    private let topics: [[UInt8]]
    private let isInverted: Bool
    /// A frame to be put in front of every message: what a ROUTER calls the peer.
    public var prefix: [UInt8]?
    /// The frames of a message that is not complete.
    private var parts: [UInt8] = []
    private var lengths: [Int] = []

    /// - Parameters:
    ///   - topics: a message must begin with one of them, or with none when `isInverted`; an empty one lets all through.
    public init(largest: Int = .max, topics: [[UInt8]] = [], isInverted: Bool = false) {
        self.largest = largest
        self.topics = !isInverted && topics.contains([]) ? [] : topics
        self.isInverted = isInverted
    }

    /// Whether the frames so far end in the middle of a message.
    public var isBetweenFrames: Bool { !lengths.isEmpty }

    /// Appends messages to `batch` until something else is next.
    /// - Returns: the bytes that were taken, and what comes behind them.
    public mutating func scan(
        _ bytes: UnsafeRawBufferPointer, into batch: inout Batch, limit: Int, byteLimit: Int
    ) -> (consumed: Int, messages: Int, stop: Stop) {
        guard let base = bytes.baseAddress else { return (0, 0, .empty) }
        let (end, most) = (bytes.count, batch.byteCount + byteLimit)
        let isPlain = topics.isEmpty && largest >= 255 && prefix == nil
        var (place, messages) = (0, 0)
        while true {
            if messages >= limit || batch.byteCount >= most { return (place, messages, place == end ? .empty : .full) }
            if isPlain && lengths.isEmpty {
                let taken = Self.takeShort(
                    base + place, end - place, into: &batch, limit: limit - messages, byteLimit: most - batch.byteCount)
                place += taken.bytes
                messages += taken.messages
                if messages >= limit || batch.byteCount >= most { continue }
            }
            if place == end { return (place, messages, .empty) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
            switch FrameHeader.read(rest) {
            case .incomplete: return (place, messages, .partial(nil))
            case .malformed(let words): return (place, messages, .malformed(words))
            case .header(let header):
                if header.isCommand { return (place, messages, .command) }
                if let words = objection(to: header) { return (place, messages, .malformed(words)) }
                guard rest.count - header.length >= header.size else { return (place, messages, .partial(header)) }
                let body = UnsafeRawBufferPointer(rebasing: rest[header.length..<(header.length + header.size)])
                if take(body, header, into: &batch) { messages += 1 }
                place += header.length + header.size
            }
        }
    }

    /// Appends messages of one small frame, which nearly all are, until another frame is next, or one that is not complete.
    private static func takeShort(
        _ bytes: UnsafeRawPointer, _ count: Int, into batch: inout Batch, limit: Int, byteLimit: Int
    ) -> (bytes: Int, messages: Int) {
        batch.withAppender { end in
            let start = end.byteCount
            var (place, messages) = (0, 0)
            // Flags of 0, and the size.
            while messages < limit, end.byteCount &- start < byteLimit, count &- place >= 2 {
                let header = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self))
                let (size, rest) = (Int(header >> 8), count &- place &- 2)
                guard header & 0xff == 0, rest >= size, end.append(bytes + (place &+ 2), size, readable: rest) else { break }
                place &+= 2 &+ size
                messages &+= 1
            }
            return (place, messages)
        }
    }

    /// Why a frame is not taken, known from its header.
    public func objection(to header: FrameHeader) -> String? {
        if header.size > largest - parts.count { return "a message of more than \(largest) bytes came (max-message)" }
        if lengths.count >= Self.mostFrames { return "a message of more than \(Self.mostFrames) frames came" }
        return nil
    }

    /// - Returns: whether that completed a message that is wanted.
    private mutating func take(_ body: UnsafeRawBufferPointer, _ header: FrameHeader, into batch: inout Batch) -> Bool {
        if !header.hasMore && lengths.isEmpty && prefix == nil {
            guard isWanted(body) else { return false }
            batch.append(body)
            return true
        }
        parts.append(contentsOf: body)
        lengths.append(body.count)
        guard !header.hasMore else { return false }
        defer {
            // What one large message needed is not kept for ever.
            parts.removeAll(keepingCapacity: parts.count < 1 << 20)
            lengths.removeAll(keepingCapacity: lengths.count < 1024)
        }
        return parts.withUnsafeBytes { all in
            guard isWanted(UnsafeRawBufferPointer(rebasing: all[..<lengths[0]])) else { return false }
            append(all, to: &batch)
            return true
        }
    }

    /// Appends the message whose frames are `lengths`.
    private func append(_ all: UnsafeRawBufferPointer, to batch: inout Batch) {
        let front = prefix ?? []
        let place = UnsafeMutableRawBufferPointer(start: batch.reserve(front.count + all.count), count: front.count + all.count)
        place.copyBytes(from: front)
        UnsafeMutableRawBufferPointer(rebasing: place[front.count...]).copyMemory(from: all)
        batch.commit(place.count)
        guard batch.wantsProperties else { return }
        var properties = MessageProperties()
        properties.frames = prefix == nil ? lengths : [front.count] + lengths
        batch.setProperties(properties)
    }

    /// Whether a frame is a message by itself that will be taken whatever is in it.
    public func takesWhole(_ header: FrameHeader) -> Bool {
        header.flags == 0 && lengths.isEmpty && topics.isEmpty && prefix == nil && objection(to: header) == nil
    }

    /// A publisher sends what somebody wants; whether we do is for us to see (RFC 29).
    public func isWanted(_ firstFrame: UnsafeRawBufferPointer) -> Bool {
        topics.isEmpty || topics.contains { firstFrame.starts(with: $0) } != isInverted
    }
}
