/// Bytes in hexadecimal, two digits each, in lower case.
public enum Hex {
    private static let digits: StaticString = "0123456789abcdef"

    /// The digit of a number below 16.
    @inline(__always)
    private static func digit(_ value: UInt8) -> UInt8 { digits.utf8Start[Int(value)] }

    /// Appends two digits.
    public static func append(_ byte: UInt8, to text: inout [UInt8]) {
        text.append(digit(byte >> 4))
        text.append(digit(byte & 15))
    }

    /// Appends two digits for each byte.
    public static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) { for byte in bytes { append(byte, to: &text) } }

    /// Two digits for each byte.
    public static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The number of a digit in either case; `nil` for what is none.
    public static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: nil
        }
    }
}
