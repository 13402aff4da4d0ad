internal import CCompression
public import MQCore

/// Snappy's framing format (framing_format.txt of google/snappy) in both directions. The edges of its chunks mean nothing.
public final class SnappyLayer: StreamLayer {
    private let library: SnappyLibrary
    private let scratch: UnsafeMutableRawBufferPointer
    private var hasBegun = false
    private var decoder = SnappyChunks()

    /// A chunk's bytes before compression, at most.
    static let chunkLimit = 1 << 16
    /// The most such a chunk can become, by the format's own bound: 32 + n + n / 6.
    static let compressedLimit = 32 + chunkLimit + chunkLimit / 6
    static let identifier: [UInt8] = [0xff, 6, 0, 0] + Array("sNaPpY".utf8)

    /// - Throws: `configuration` when libsnappy cannot be opened.
    public init() throws(TransportError) {
        library = try SnappyLibrary.shared()
        scratch = .allocate(byteCount: max(library.api.pointee.max_compressed_length(Self.chunkLimit), Self.compressedLimit), alignment: 16)
    }

    deinit { scratch.deallocate() }

    public func encode(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError) {
        if plain.isEmpty { return }
        if !hasBegun { wire += Self.identifier }
        hasBegun = true
        var start = 0
        while start < plain.count {
            let end = min(start + Self.chunkLimit, plain.count)
            try chunk(UnsafeRawBufferPointer(rebasing: plain[start..<end]), into: &wire)
            start = end
        }
    }

    private func chunk(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError) {
        var size = scratch.count
        let code = library.api.pointee.compress(
            plain.baseAddress!.assumingMemoryBound(to: CChar.self), plain.count,
            scratch.baseAddress!.assumingMemoryBound(to: CChar.self), &size)
        guard code == SNAPPY_OK else { throw TransportError(.failure, "snappy cannot compress \(plain.count) bytes") }
        // What hardly shrinks goes as it is, which saves the peer the work.
        let isCompressed = size < plain.count - plain.count / 8
        let body = isCompressed ? UnsafeRawBufferPointer(rebasing: scratch[..<size]) : plain
        let length = UInt32(body.count + 4)
        let kind = isCompressed ? SnappyChunks.compressed : SnappyChunks.plain
        withUnsafeBytes(of: (UInt32(kind) | length << 8).littleEndian) { wire.append(contentsOf: $0) }
        withUnsafeBytes(of: CRC32C.masked(plain).littleEndian) { wire.append(contentsOf: $0) }
        wire.append(contentsOf: body)
    }

    public func decode(_ wire: UnsafeRawBufferPointer, into plain: inout [UInt8], replies: inout [UInt8]) throws(TransportError) {
        try decoder.take(wire) { kind, chunk throws(TransportError) in
            let checksum = UInt32(littleEndian: chunk.loadUnaligned(as: UInt32.self))
            var body = UnsafeRawBufferPointer(rebasing: chunk[4...])
            if kind == SnappyChunks.compressed { body = try uncompress(body) }
            guard body.count <= Self.chunkLimit, CRC32C.masked(body) == checksum else { throw SnappyChunks.broken }
            plain.append(contentsOf: body)
        }
    }

    private func uncompress(_ body: UnsafeRawBufferPointer) throws(TransportError) -> UnsafeRawBufferPointer {
        var size = 0
        guard let source = body.baseAddress?.assumingMemoryBound(to: CChar.self),
            library.api.pointee.uncompressed_length(source, body.count, &size) == SNAPPY_OK, size <= Self.chunkLimit,
            library.api.pointee.uncompress(source, body.count, scratch.baseAddress!.assumingMemoryBound(to: CChar.self), &size) == SNAPPY_OK
        else { throw SnappyChunks.broken }
        return UnsafeRawBufferPointer(rebasing: scratch[..<size])
    }
}
