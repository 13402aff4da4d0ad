import Glibc
import MQCore

/// What SQS takes as an attribute of a message (its developer guide, "Message attributes").
extension SQSAttribute {
    func check() throws(SQSFailure) {
        let kind = type.split(separator: ".").first.map(String.init) ?? ""
        guard ["String", "Number", "Binary"].contains(kind) else {
            throw Self.invalid(
                "The type of message (user) attribute '\(name)' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
            )
        }
        guard !value.isEmpty else {
            throw Self.invalid("Message (user) attribute '\(name)' must contain a non-empty value of type '\(kind)'.")
        }
        guard isBinary == (kind == "Binary") else {
            let field = kind == "Binary" ? "Binary" : "String"
            throw Self.invalid("The message (user) attribute '\(name)' with type '\(kind)' must use field '\(field)'.")
        }
        try checkName()
        if kind == "Number", !Self.isNumber(value) {
            throw Self.invalid("Can't cast the value of message (user) attribute '\(name)' to a number.")
        }
        if !isBinary, !Self.isXMLText(value) {
            throw SQSFailure("InvalidMessageContents", "Invalid characters found in the message (user) attribute '\(name)'.")
        }
    }

    private func checkName() throws(SQSFailure) {
        let isName =
            (1...256).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || "_-.".utf8.contains($0) }
        let start = name.lowercased()
        guard isName, !name.hasPrefix("."), !name.hasSuffix("."), !name.holds(".."), !start.hasPrefix("aws."), !start.hasPrefix("amazon.")
        else {
            throw Self.invalid("Message (user) attribute name '\(name)' is invalid.")
        }
    }

    private static func invalid(_ text: String) -> SQSFailure { SQSFailure("InvalidParameterValue", text) }

    /// In digits, with a sign, a point and an exponent where one likes: neither `nan` nor `0x1`.
    private static func isNumber(_ text: [UInt8]) -> Bool {
        text.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) } && Double(String(decoding: text, as: UTF8.self)) != nil
    }

    /// Tab, line feed, carriage return and everything from the space on but U+FFFE and U+FFFF; the bytes are UTF-8.
    static func isXMLText(_ bytes: [UInt8]) -> Bool {
        for (place, byte) in bytes.enumerated() {
            if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d { return false }
            if byte == 0xef && bytes[place + 1] == 0xbf && bytes[place + 2] >= 0xbe { return false }
        }
        return true
    }
}
