internal import CCompression
public import MQCore

/// Raw deflate (RFC 1951) in both directions, with a sync flush behind each piece that is sent.
public final class DeflateLayer: StreamLayer {
    private let deflater: ZlibStream
    private let inflater: ZlibStream
    private var hasEnded = false
    /// Deflate makes at most 1032 bytes of one, so that nothing honest that fits into a read is refused.
    private let outputLimit: Int

    /// - Parameter level: 1 (fast) to 9 (small).
    /// - Throws: `usage` for another level, `configuration` when zlib cannot be opened.
    public convenience init(level: Int) throws(TransportError) { try self.init(level: level, outputLimit: 80 << 20) }

    init(level: Int, outputLimit: Int) throws(TransportError) {
        deflater = try ZlibStream(deflating: ZlibStream.raw, level: level)
        inflater = try ZlibStream(inflating: ZlibStream.raw)
        self.outputLimit = outputLimit
    }

    public func encode(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError) {
        if plain.isEmpty { return }
        let deflate = deflater.library.api.pointee.deflate!
        _ = try deflater.run(plain, into: &wire) {
            deflate($0, $1 ? Z_SYNC_FLUSH : Z_NO_FLUSH)
        } check: { code, _ throws(TransportError) in
            if code == Z_STREAM_ERROR { throw TransportError(.failure, "zlib cannot go on") }
        }
    }

    public func decode(_ wire: UnsafeRawBufferPointer, into plain: inout [UInt8], replies: inout [UInt8]) throws(TransportError) {
        if wire.isEmpty { return }
        if hasEnded { throw TransportError(.protocolViolation, "bytes behind the end of the peer's deflate stream") }
        let inflate = inflater.library.api.pointee.inflate!
        let limit = outputLimit
        let code = try inflater.run(wire, into: &plain) { stream, _ in
            inflate(stream, Z_SYNC_FLUSH)
        } check: {
            code, produced throws(TransportError) in
            guard [Z_OK, Z_BUF_ERROR, Z_STREAM_END].contains(code) else {
                throw TransportError(.protocolViolation, "what the peer sent is not a deflate stream")
            }
            if produced > limit { throw TransportError(.protocolViolation, "the peer's deflate stream grows beyond measure") }
        }
        guard code == Z_STREAM_END else { return }
        hasEnded = true
        if inflater.stream.pointee.avail_in > 0 {
            throw TransportError(.protocolViolation, "bytes behind the end of the peer's deflate stream")
        }
    }
}
