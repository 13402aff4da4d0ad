/// Base64 with padding (RFC 4648, section 4).
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    /// Appends the encoded bytes to `result`.
    public static func encode(_ data: UnsafeRawBufferPointer, into result: inout [UInt8]) {
        result.reserveCapacity(result.count + (data.count + 2) / 3 * 4)
        for start in stride(from: 0, to: data.count, by: 3) {
            let rest = data.count - start
            let b0 = data[start], b1 = rest > 1 ? data[start + 1] : 0, b2 = rest > 2 ? data[start + 2] : 0
            result.append(alphabet[Int(b0 >> 2)])
            result.append(alphabet[Int((b0 & 3) << 4 | b1 >> 4)])
            result.append(rest > 1 ? alphabet[Int((b1 & 15) << 2 | b2 >> 6)] : UInt8(ascii: "="))
            result.append(rest > 2 ? alphabet[Int(b2 & 63)] : UInt8(ascii: "="))
        }
    }

    /// `nil` for anything that `encode` does not produce: other characters, missing padding, bits that are not zero at the end.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var filled = 0, padding = 0
        for byte in text {
            let value = values[Int(byte)]
            if byte == UInt8(ascii: "=") {
                padding += 1
            } else if value == 0xff || padding > 0 {
                return nil
            }
            group = group << 6 | UInt32(value == 0xff ? 0 : value)
            filled += 1
            guard filled == 4 else { continue }
            guard padding <= 2, padding == 0 || group & (padding == 1 ? 0xff : 0xffff) == 0 else { return nil }
            let decoded = [UInt8(group >> 16 & 0xff), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
            result.append(contentsOf: decoded.prefix(3 - padding))
            (group, filled) = (0, 0)
        }
        return result
    }
}
