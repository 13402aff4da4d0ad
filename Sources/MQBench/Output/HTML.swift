import MQCore

/// Text in markup, and numbers in drawings.
enum HTML {
    static func escape(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): result += "&amp;".utf8
            case UInt8(ascii: "<"): result += "&lt;".utf8
            case UInt8(ascii: ">"): result += "&gt;".utf8
            case UInt8(ascii: "\""): result += "&quot;".utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The inverse of `escape`. An ampersand that begins none of its four words stays.
    static func unescape(_ text: String) -> String {
        let words: [(Substring.UTF8View, UInt8)] = [
            ("amp;", UInt8(ascii: "&")), ("lt;", UInt8(ascii: "<")), ("gt;", UInt8(ascii: ">")), ("quot;", UInt8(ascii: "\"")),
        ].map { (Substring($0.0).utf8, $0.1) }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "&"), let (word, meaning) = words.first(where: { rest.starts(with: $0.0) }) {
                result.append(meaning)
                rest = rest.dropFirst(word.count)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A coordinate: a tenth of a pixel is enough.
    static func number(_ value: Double) -> String { Quantity.decimal(value, digits: 1) }
}
