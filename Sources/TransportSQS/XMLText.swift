internal import MQCore

/// One element of the XML that STS and proxies answer with.
enum XMLText {
    /// What stands in the first element of that name, entities undone.
    static func value(_ name: String, in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let start = place(of: Array("<\(name)>".utf8), in: bytes[...])?.upperBound,
            let end = place(of: Array("</\(name)>".utf8), in: bytes[start...])?.lowerBound
        else { return nil }
        var value = String(decoding: bytes[start..<end], as: UTF8.self).trimmed
        for (entity, plain) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
            value = value.replacingAll(entity, with: plain)
        }
        return value
    }

    private static func place(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        var index = bytes.startIndex
        while index + needle.count <= bytes.endIndex {
            if bytes[index] == needle[0] && bytes[index..<index + needle.count].elementsEqual(needle) {
                return index..<index + needle.count
            }
            index += 1
        }
        return nil
    }
}
