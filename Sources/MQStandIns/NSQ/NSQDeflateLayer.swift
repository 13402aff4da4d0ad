import Glibc

/// zlib's raw deflate (RFC 1951) with a sync flush behind everything that is encoded.
final class NSQDeflateLayer: NSQLayer {
    private typealias Initialize = @convention(c) (UnsafeMutableRawPointer, CInt, UnsafePointer<CChar>, CInt) -> CInt
    private typealias InitializeWriter =
        @convention(c) (UnsafeMutableRawPointer, CInt, CInt, CInt, CInt, CInt, UnsafePointer<CChar>, CInt) -> CInt
    private typealias Step = @convention(c) (UnsafeMutableRawPointer, CInt) -> CInt
    private typealias End = @convention(c) (UnsafeMutableRawPointer) -> CInt

    private static let library = LoopbackLibrary("libz.so.1")
    /// sizeof(z_stream) with 64-bit pointers, and where its members are.
    private static let size = 112
    private let reading = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    private let writing = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    private let library: LoopbackLibrary

    init?(level: Int) {
        guard let library = Self.library else { return nil }
        self.library = library
        memset(reading, 0, Self.size)
        memset(writing, 0, Self.size)
        let size = CInt(Self.size)
        guard library.function("inflateInit2_", as: Initialize.self)(reading, -15, "1.2.11", size) == 0,
            library.function("deflateInit2_", as: InitializeWriter.self)(writing, CInt(level), 8, -15, 8, 0, "1.2.11", size) == 0
        else { return nil }
    }

    deinit {
        _ = library.function("inflateEnd", as: End.self)(reading)
        _ = library.function("deflateEnd", as: End.self)(writing)
        reading.deallocate()
        writing.deallocate()
    }

    func decode(_ bytes: [UInt8]) -> [UInt8]? { run(reading, "inflate", 0, bytes) }
    func encode(_ bytes: [UInt8]) -> [UInt8] { run(writing, "deflate", 2, bytes) ?? [] }

    private func run(_ stream: UnsafeMutableRawPointer, _ name: String, _ flush: CInt, _ bytes: [UInt8]) -> [UInt8]? {
        let step = library.function(name, as: Step.self)
        var result: [UInt8] = []
        let isValid = bytes.withUnsafeBytes { input in
            withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
                stream.storeBytes(of: input.baseAddress, as: UnsafeRawPointer?.self)
                stream.storeBytes(of: UInt32(input.count), toByteOffset: 8, as: UInt32.self)
                while true {
                    stream.storeBytes(of: buffer.baseAddress, toByteOffset: 24, as: UnsafeMutableRawPointer?.self)
                    stream.storeBytes(of: UInt32(buffer.count), toByteOffset: 32, as: UInt32.self)
                    let code = step(stream, flush)
                    let room = Int(stream.load(fromByteOffset: 32, as: UInt32.self))
                    result += UnsafeRawBufferPointer(rebasing: buffer[..<(buffer.count - room)])
                    if code != 0 && code != -5 { return false }  // Z_BUF_ERROR: nothing left to do
                    if room > 0 { return true }
                }
            }
        }
        return isValid ? result : nil
    }
}
