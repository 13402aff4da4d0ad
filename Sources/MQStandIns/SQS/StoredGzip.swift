/// RFC 1952 without compressing: enough to see whether a client undoes it.
enum StoredGzip {
    static func member(of bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65535)
            rest = rest.dropFirst(block.count)
            result.append(rest.isEmpty ? 1 : 0)
            withUnsafeBytes(of: UInt16(block.count).littleEndian) { result += $0 }
            withUnsafeBytes(of: ~UInt16(block.count).littleEndian) { result += $0 }
            result += block
        } while !rest.isEmpty
        withUnsafeBytes(of: checksum(bytes).littleEndian) { result += $0 }
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).littleEndian) { result += $0 }
        return result
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
    }
}
