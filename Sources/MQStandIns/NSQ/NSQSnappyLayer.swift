import Glibc

/// Snappy's framing format: an identifier, then chunks with a masked CRC-32C of their contents.
final class NSQSnappyLayer: NSQLayer {
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
