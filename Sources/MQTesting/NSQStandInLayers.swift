import Glibc

/// Something between the socket and the protocol: TLS or a compression.
protocol NSQLayer: AnyObject {
    /// - Returns: nil when the bytes are no valid stream.
    func decode(_ bytes: [UInt8]) -> [UInt8]?
    func encode(_ bytes: [UInt8]) -> [UInt8]
    /// What is to be sent because of what was decoded: the handshake.
    func takeOutput() -> [UInt8]
}

extension NSQLayer {
    func takeOutput() -> [UInt8] { [] }
}

/// Makes layers out of the system's libraries, which are opened here and not linked: the tests run without them, too.
struct NSQLayers: Sendable {
    private let certificate: String?
    private let privateKey: String?

    init(_ settings: NSQStandIn.Settings) { (certificate, privateKey) = (settings.certificate, settings.privateKey) }

    var offersTLS: Bool { certificate != nil && privateKey != nil }

    func tls() -> (any NSQLayer)? {
        guard let certificate, let privateKey else { return nil }
        return NSQTLSLayer(certificate: certificate, privateKey: privateKey)
    }

    func deflate(level: Int) -> (any NSQLayer)? { NSQDeflateLayer(level: level) }
    func snappy() -> (any NSQLayer)? { NSQSnappyLayer() }
}

/// A library opened at run time.
struct LoopbackLibrary: @unchecked Sendable {  // a handle of dlopen(3), valid for ever and usable from all threads
    private let handle: UnsafeMutableRawPointer

    init?(_ name: String) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
        self.handle = handle
    }

    func function<Signature>(_ name: String, as _: Signature.Type) -> Signature {
        guard let symbol = dlsym(handle, name) else { preconditionFailure("\(name) is missing in its library") }
        return unsafeBitCast(symbol, to: Signature.self)
    }
}

/// zlib's raw deflate (RFC 1951) with a sync flush behind everything that is encoded.
private final class NSQDeflateLayer: NSQLayer {
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

/// Snappy's framing format: an identifier, then chunks with a masked CRC-32C of their contents.
private final class NSQSnappyLayer: NSQLayer {
    private typealias Code = @convention(c) (UnsafeRawPointer, Int, UnsafeMutableRawPointer, UnsafeMutablePointer<Int>) -> CInt
    private typealias Length = @convention(c) (UnsafeRawPointer, Int, UnsafeMutablePointer<Int>) -> CInt

    private static let library = LoopbackLibrary("libsnappy.so.1")
    private static let identifier: [UInt8] = [0xff, 6, 0, 0] + Array("sNaPpY".utf8)
    private let library: LoopbackLibrary
    private var input: [UInt8] = []
    private var isBegun = false

    init?() {
        guard let library = Self.library else { return nil }
        self.library = library
    }

    func encode(_ bytes: [UInt8]) -> [UInt8] {
        var result = isBegun ? [] : Self.identifier
        isBegun = true
        var rest = bytes[...]
        while !rest.isEmpty {
            let block = Array(rest.prefix(65536))
            rest = rest.dropFirst(block.count)
            var data = [UInt8](repeating: 0, count: 32 + block.count + block.count / 6)
            var size = data.count
            guard library.function("snappy_compress", as: Code.self)(block, block.count, &data, &size) == 0 else { return [] }
            withUnsafeBytes(of: UInt32((size + 4) << 8).littleEndian) { result += $0 }  // type 0: compressed
            withUnsafeBytes(of: Self.maskedChecksum(block).littleEndian) { result += $0 }
            result += data[..<size]
        }
        return result
    }

    func decode(_ bytes: [UInt8]) -> [UInt8]? {
        input += bytes
        var (result, place) = ([UInt8](), 0)
        while input.count >= place + 4 {
            let size = Int(input[place + 1]) | Int(input[place + 2]) << 8 | Int(input[place + 3]) << 16
            guard input.count >= place + 4 + size else { break }
            let chunk = Array(input[place + 4..<place + 4 + size])
            switch input[place] {
            case 0xff: if chunk != Array("sNaPpY".utf8) { return nil }
            case 0, 1:
                guard size >= 4, let block = block(chunk, isCompressed: input[place] == 0) else { return nil }
                result += block
            case 0x80...0xfe: break  // to be skipped
            default: return nil
            }
            place += 4 + size
        }
        input.removeFirst(place)
        return result
    }

    private func block(_ chunk: [UInt8], isCompressed: Bool) -> [UInt8]? {
        let data = Array(chunk[4...])
        var block = data
        if isCompressed {
            var size = 0
            guard library.function("snappy_uncompressed_length", as: Length.self)(data, data.count, &size) == 0, size <= 65536 else {
                return nil
            }
            block = [UInt8](repeating: 0, count: size)
            guard library.function("snappy_uncompress", as: Code.self)(data, data.count, &block, &size) == 0 else { return nil }
        }
        let sum = UInt32(chunk[0]) | UInt32(chunk[1]) << 8 | UInt32(chunk[2]) << 16 | UInt32(chunk[3]) << 24
        return sum == Self.maskedChecksum(block) ? block : nil
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
    }

    private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
        let sum = ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
        return (sum >> 15 | sum << 17) &+ 0xa282_ead8
    }
}
