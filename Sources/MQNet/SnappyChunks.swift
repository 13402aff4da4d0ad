internal import MQCore

/// Finds the chunks of a stream that comes in pieces. Holds one that is incomplete, and nothing of those that are skipped.
struct SnappyChunks {
    static let compressed: UInt8 = 0x00
    static let plain: UInt8 = 0x01
    static let broken = TransportError(.protocolViolation, "what the peer sent is not a snappy stream")

    typealias Take = (_ kind: UInt8, _ chunk: UnsafeRawBufferPointer) throws(TransportError) -> Void

    private var pending: [UInt8] = []
    private var skipping = 0
    private var hasIdentifier = false

    /// Calls `data` with each complete chunk of data: its kind, and its bytes from the checksum on.
    /// - Throws: `protocolViolation` for a chunk that nobody may send.
    mutating func take(_ wire: UnsafeRawBufferPointer, data: Take) throws(TransportError) {
        if pending.isEmpty {
            let used = try parse(wire, data)
            pending.append(contentsOf: wire[used...])
        } else {
            pending.append(contentsOf: wire)
            // Out of the way, since parsing changes the rest of this value; it is not copied.
            var held: [UInt8] = []
            swap(&held, &pending)
            let used = try held.withUnsafeBufferPointer { bytes throws(TransportError) in try parse(UnsafeRawBufferPointer(bytes), data) }
            if used > 0 { held.removeFirst(used) }
            swap(&held, &pending)
        }
    }

    /// How many bytes, from the front, are dealt with.
    private mutating func parse(_ bytes: UnsafeRawBufferPointer, _ data: Take) throws(TransportError) -> Int {
        var position = 0
        while position < bytes.count {
            if skipping > 0 {
                let count = min(skipping, bytes.count - position)
                skipping -= count
                position += count
                continue
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            guard let length = try contentLength(rest) else { break }
            let kind = rest[0]
            if (0x80...0xfe).contains(kind) {
                skipping = length
                position += 4
                continue
            }
            guard rest.count >= 4 + length else { break }
            let content = UnsafeRawBufferPointer(rebasing: rest[4..<4 + length])
            if kind == 0xff {
                guard content.elementsEqual(SnappyLayer.identifier[4...]) else { throw Self.broken }
                hasIdentifier = true
            } else {
                try data(kind, content)
            }
            position += 4 + length
        }
        return position
    }

    /// How much follows the header at the front; `nil` before it is there.
    private func contentLength(_ bytes: UnsafeRawBufferPointer) throws(TransportError) -> Int? {
        let kind = bytes[0]
        guard hasIdentifier || kind == 0xff else { throw Self.broken }
        guard bytes.count >= 4 else { return nil }
        let length = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3]) << 16
        let allowed: ClosedRange<Int> =
            switch kind {
            case Self.compressed: 5...SnappyLayer.compressedLimit + 4
            case Self.plain: 4...SnappyLayer.chunkLimit + 4
            case 0xff: 6...6
            case 0x80...0xfe: 0...0xff_ffff
            default: throw Self.broken  // 0x02 to 0x7f: nobody may skip what he does not know
            }
        guard allowed.contains(length) else { throw Self.broken }
        return length
    }
}
