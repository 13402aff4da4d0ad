internal import MQCore

/// One element of the XML that STS and proxies answer with.
enum XMLText {
    /// What stands in the first element of that name, entities undone.
    static func value(_ name: String, in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let start = ByteSearch.range(of: Array("<\(name)>".utf8), in: bytes[...])?.upperBound,
            let end = ByteSearch.range(of: Array("</\(name)>".utf8), in: bytes[start...])?.lowerBound
        else { return nil }
        var value = String(decoding: bytes[start..<end], as: UTF8.self).trimmed
        for (entity, plain) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
            value = value.replacingAll(entity, with: plain)
        }
        return value
    }
}
