internal import CCompression
public import MQCore

/// Bytes in, a gzip file (RFC 1952) out.
public final class GzipStream {
    private let stream: ZlibStream

    /// - Parameter level: 1 (fast) to 9 (small).
    /// - Throws: `usage` for another level, `configuration` when zlib cannot be opened.
    public init(level: Int) throws(TransportError) {
        stream = try ZlibStream(deflating: ZlibStream.gzip, level: level)
    }

    /// Appends to `output` what `bytes` become.
    /// - Throws: `failure` when zlib is out of memory.
    public func compress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8], flush: GzipFlush) throws(TransportError) {
        let mode =
            switch flush {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        let deflate = stream.library.api.pointee.deflate!
        let code = try stream.run(bytes, into: &output) {
            deflate($0, $1 ? mode : Z_NO_FLUSH)
        } check: { code, _ throws(TransportError) in
            if code == Z_STREAM_ERROR { throw TransportError(.failure, "zlib cannot go on") }
        }
        if code == Z_STREAM_END { stream.reset() }
    }
}
