internal import MQCore
internal import MQNet

/// What SQS accepts as the text of a body or an attribute: XML 1.0's characters (SendMessage in the SQS API reference).
enum MessageText {
    /// Where the first byte is that no text may hold; `nil` when all is well.
    static func firstRefused(in bytes: UnsafeRawBufferPointer) -> (offset: Int, what: String)? {
        var index = 0
        let count = bytes.count
        var isASCII = true
        while index < count {
            let byte = bytes[index]
            if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d {
                return (index, "byte 0x\(Hex.text([byte]))")
            }
            if byte >= 0x80 { isASCII = false }
            if byte == 0xef, index + 2 < count, bytes[index + 1] == 0xbf, bytes[index + 2] >= 0xbe {
                return (index, bytes[index + 2] == 0xbe ? "U+FFFE" : "U+FFFF")
            }
            index += 1
        }
        if isASCII || JSONReader.isUTF8(bytes) { return nil }
        return (invalidOffset(in: bytes), "bytes that are not valid UTF-8")
    }

    /// The length of the longest prefix of whole characters; a halving search over what the validator says would be
    /// quadratic in the worst case, so characters are walked.
    private static func invalidOffset(in bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < bytes.count {
            let lead = bytes[index]
            let length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
            guard index + length <= bytes.count, JSONReader.isUTF8(UnsafeRawBufferPointer(rebasing: bytes[index..<index + length])) else {
                return index
            }
            index += length
        }
        return index
    }

    /// The attribute that marks a body in base64; `recv` undoes it.
    static let marker = Attribute(name: "mq.encoding", value: Array("base64".utf8))

    /// Bytes that attributes count against the size of a message: name, type and value of each.
    static func size(of attributes: [Attribute]) -> Int {
        attributes.reduce(0) { $0 + $1.name.utf8.count + $1.type.utf8.count + $1.value.count }
    }

    /// Why no message can have this attribute ("Amazon SQS message attributes" in the SQS Developer Guide); `nil` when one can.
    static func complaint(about attribute: Attribute) -> TransportError? {
        let name = "attribute '\(attribute.name.brief)'"
        func unsendable(_ words: String, hint: String? = nil) -> TransportError {
            TransportError(.unsendable, "\(name) \(words)", hint: hint)
        }
        if attribute.name.isEmpty || attribute.value.isEmpty { return unsendable("has no \(attribute.name.isEmpty ? "name" : "value")") }
        let lowered = attribute.name.lowercased()
        if lowered.hasPrefix("aws.") || lowered.hasPrefix("amazon.") { return unsendable("has a name that SQS keeps for itself") }
        let isPlain = attribute.name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || "_-.".utf8.contains(byte)
        }
        guard isPlain, attribute.name.utf8.count <= 256, attribute.name.first != ".", attribute.name.last != ".",
            !attribute.name.holds("..")
        else { return unsendable("has a name that SQS does not allow", hint: "up to 256 letters, digits, _, - and single dots inside") }
        let kind = attribute.type.prefix { $0 != "." }
        guard ["String", "Number", "Binary"].contains(kind), attribute.type.utf8.count <= 256 else {
            return unsendable(
                "has the unknown type '\(attribute.type.brief)'", hint: "String, Number or Binary, with a label behind a dot")
        }
        if kind == "Number", !isNumber(attribute.value) { return unsendable("is of type Number, and its value is not a number") }
        if kind != "Binary", let bad = attribute.value.withUnsafeBytes({ firstRefused(in: $0) }) {
            return unsendable("holds \(bad.what), at offset \(bad.offset)", hint: "type Binary carries any bytes")
        }
        return nil
    }

    /// Digits, at most one dot among them, a sign before and an exponent behind.
    private static func isNumber(_ value: [UInt8]) -> Bool {
        var rest = value[...]
        func skipSign() { if let byte = rest.first, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") { rest.removeFirst() } }
        func skipDigits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest.removeFirst(count)
            return count
        }
        skipSign()
        var digits = skipDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            digits += skipDigits()
        }
        guard digits > 0 else { return false }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            skipSign()
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    static func isBinary(_ attribute: Attribute) -> Bool { attribute.type == "Binary" || attribute.type.hasPrefix("Binary.") }

    /// The digest of attributes ("Calculating the MD5 message digest for message attributes" in the SQS Developer Guide):
    /// by name, each part with its length before it, and a byte that tells text from bytes.
    static func digest(of attributes: [Attribute], _ crypto: Crypto) -> MD5 {
        var bytes: [UInt8] = []
        func append(_ part: some Collection<UInt8>) {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: part.count >> shift)) }
            bytes += part
        }
        for attribute in attributes.sorted(by: { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }) {
            append(attribute.name.utf8)
            append(attribute.type.utf8)
            bytes.append(isBinary(attribute) ? 2 : 1)
            append(attribute.value)
        }
        return bytes.withUnsafeBytes { crypto.md5($0) }
    }
}
