import MQCore

/// Names and values as a form sends them: `a=1&b=%C3%A9+x`.
enum FormText {
    static func pairs(_ bytes: UnsafeRawBufferPointer) -> [(name: String, value: [UInt8])] {
        bytes.split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (String(decoding: unescaped(parts[0]), as: UTF8.self), parts.count > 1 ? unescaped(parts[1]) : [])
        }
    }

    private static func unescaped(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), text)
        bytes.reserveCapacity(text.count)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = Hex.value(rest.first!), let low = Hex.value(rest.dropFirst().first!) {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return bytes
    }
}
