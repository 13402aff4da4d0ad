import MQCore

/// zlib streams (RFC 1950) of stored blocks: readable everywhere, without linking zlib for a few kilobytes.
enum ZlibStore {
    private static let largestBlock = 0xffff

    static func wrap(_ bytes: [UInt8]) -> [UInt8] {
        // 0x78: deflate with a 32 KiB window; 0x01 makes the pair a multiple of 31.
        var result: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + largestBlock, bytes.count)
            let length = UInt16(end - start)
            result.append(end == bytes.count ? 1 : 0)
            for half in [length, ~length] { result += [UInt8(half & 0xff), UInt8(half >> 8)] }
            result += bytes[start..<end]
            start = end
        } while start < bytes.count
        let sum = adler32(bytes)
        for shift in [24, 16, 8, 0] as [UInt32] { result.append(UInt8(sum >> shift & 0xff)) }
        return result
    }

    /// - Throws: `malformed`; also for a stream that is really compressed, which is not ours.
    static func unwrap(_ stream: [UInt8]) throws(TransportError) -> [UInt8] {
        guard stream.count >= 2, stream[0] & 0x0f == 8, (Int(stream[0]) << 8 | Int(stream[1])) % 31 == 0 else {
            throw malformed("its zlib stream is broken")
        }
        var result: [UInt8] = []
        var position = 2
        var isLast = false
        while !isLast {
            guard position < stream.count else { throw malformed("it is cut off") }
            isLast = stream[position] & 1 == 1
            guard stream[position] >> 1 & 3 == 0 else { throw malformed("it is compressed, which mq does not undo") }
            guard position + 5 <= stream.count else { throw malformed("it is cut off") }
            let length = Int(stream[position + 1]) | Int(stream[position + 2]) << 8
            let check = Int(stream[position + 3]) | Int(stream[position + 4]) << 8
            guard length ^ check == 0xffff else { throw malformed("its zlib stream is broken") }
            position += 5
            guard position + length <= stream.count else { throw malformed("it is cut off") }
            result += stream[position..<position + length]
            position += length
        }
        guard position + 4 == stream.count else { throw malformed("it is cut off") }
        guard stream[position...].reduce(UInt32(0), { $0 << 8 | UInt32($1) }) == adler32(result) else {
            throw malformed("its checksum is wrong")
        }
        return result
    }

    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }

    private static func malformed(_ why: String) -> TransportError {
        TransportError(.malformed, "a histogram cannot be read: \(why)")
    }
}
