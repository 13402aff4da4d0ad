/// Text from a peer, made harmless for a terminal and short.
enum Printable {
    /// - Parameter most: bytes that are shown.
    static func text(_ bytes: some Sequence<UInt8>, most: Int = 64) -> String {
        var text = ""
        for (place, byte) in bytes.enumerated() {
            if place == most {
                text += "…"
                break
            }
            if byte >= 0x20 && byte < 0x7f {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text
    }
}
