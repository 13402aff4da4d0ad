/// The checksum of Castagnoli (RFC 3720, B.4), eight bytes at a time.
enum CRC32C {
    /// The polynomial 0x1EDC6F41 with its bits reversed.
    private static let polynomial: UInt32 = 0x82f6_3b78

    /// Eight tables of 256: the k-th tells what a byte does to the checksum with k bytes behind it.
    nonisolated(unsafe) private static let tables: UnsafePointer<UInt32> = {
        // Written here once and only read afterwards; kept for the life of the process.
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? polynomial : 0) }
            tables[byte] = value
        }
        for index in 256..<8 * 256 { tables[index] = tables[index - 256] >> 8 ^ tables[Int(tables[index - 256] & 0xff)] }
        return UnsafePointer(tables)
    }()

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let tables = tables
        var value = UInt32.max
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ UInt64(value)
            value = 0
            for lane in 0..<8 { value ^= tables[(7 - lane) * 256 + Int(word >> (8 * UInt64(lane)) & 0xff)] }
            offset += 8
        }
        while offset < bytes.count {
            value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[offset])) & 0xff)]
            offset += 1
        }
        return ~value
    }

    /// As the framing format stores it, so that a checksum over bytes that hold checksums is still one.
    static func masked(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let value = checksum(bytes)
        return (value >> 15 | value << 17) &+ 0xa282_ead8
    }
}
