internal import CCompression
internal import MQCore

/// A stream of zlib at an address of its own, which zlib remembers, and a piece of memory for its output.
struct ZlibStream: ~Copyable {
    let library: ZlibLibrary
    let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutableBufferPointer<UInt8>
    private let deflates: Bool

    /// RFC 1951 without a wrapper.
    static let raw: CInt = -15
    /// RFC 1952.
    static let gzip: CInt = 15 + 16

    /// A compressor.
    /// - Throws: `usage` for a level that is none, `configuration` without zlib.
    init(deflating windowBits: CInt, level: Int) throws(TransportError) {
        guard (1...9).contains(level) else { throw TransportError(.usage, "a level of compression is 1 to 9, not \(level)") }
        try self.init(deflates: true) { czlib_deflate_init($0, $1, CInt(level), windowBits) }
    }

    /// A decompressor.
    /// - Throws: `configuration` without zlib.
    init(inflating windowBits: CInt) throws(TransportError) {
        try self.init(deflates: false) { czlib_inflate_init($0, $1, windowBits) }
    }

    private init(
        deflates: Bool, _ start: (UnsafePointer<czlib_api>, UnsafeMutablePointer<z_stream>) -> CInt
    ) throws(TransportError) {
        let library = try ZlibLibrary.shared()
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard start(library.api, stream) == Z_OK else {
            stream.deallocate()
            throw TransportError(.failure, "zlib cannot start: out of memory")
        }
        (self.library, self.stream, self.deflates) = (library, stream, deflates)
        scratch = .allocate(capacity: 1 << 16)
    }

    deinit {
        _ = deflates ? library.api.pointee.deflate_end(stream) : library.api.pointee.inflate_end(stream)
        stream.deallocate()
        scratch.deallocate()
    }

    /// Runs `step` over `bytes` until the input is used up and the output is all there, and appends the output. `step` is
    /// told whether there is more input than it can see.
    /// - Returns: the last thing zlib said.
    /// - Throws: what `check` makes of the size reached and of what zlib says.
    func run(
        _ bytes: UnsafeRawBufferPointer, into output: inout [UInt8],
        _ step: (_ stream: UnsafeMutablePointer<z_stream>, _ isLast: Bool) -> CInt,
        check: (_ code: CInt, _ produced: Int) throws(TransportError) -> Void
    ) throws(TransportError) -> CInt {
        var rest = bytes
        var code = Z_OK
        var produced = 0
        repeat {
            // zlib counts in 32 bits.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(piece.count)
            repeat {
                stream.pointee.next_out = scratch.baseAddress
                stream.pointee.avail_out = UInt32(scratch.count)
                code = step(stream, rest.isEmpty)
                let count = scratch.count - Int(stream.pointee.avail_out)
                produced += count
                try check(code, produced)
                output.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<count]))
                // Output that filled the space to the last byte may have more behind it.
            } while (stream.pointee.avail_out == 0 || stream.pointee.avail_in > 0) && code != Z_STREAM_END && code != Z_BUF_ERROR
        } while !rest.isEmpty && code != Z_STREAM_END
        return code
    }

    func reset() { _ = library.api.pointee.deflate_reset(stream) }
}
