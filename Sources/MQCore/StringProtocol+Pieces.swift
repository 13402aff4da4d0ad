/// Texts within texts, by their bytes.
///
/// The library's `contains(String)`, `replacing` and `split(separator: String)` are those of regular expressions, whose parser
/// would be a tenth of the program.
extension StringProtocol {
    /// Whether `word`, which is not empty, stands somewhere in the text.
    public func holds(_ word: StaticString) -> Bool {
        let needle = word.withUTF8Buffer { Array($0) }
        return Array(utf8).withUnsafeBytes { bytes in
            bytes.baseAddress.map { ByteSearch.find(needle, in: $0, bytes.count) != nil } ?? false
        }
    }

    /// The text with `new` in place of each `old`, which is not empty.
    public func replacingAll(_ old: String, with new: String) -> String {
        let (needle, other) = (Array(old.utf8), Array(new.utf8))
        var rest = Array(utf8)[...]
        var result: [UInt8] = []
        while !rest.isEmpty {
            if rest.starts(with: needle) {
                result += other
                rest = rest.dropFirst(needle.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
