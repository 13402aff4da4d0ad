extension String {
    /// Words in lines of at most `width` characters, except where one is longer, each ended by a line feed.
    /// - Parameters:
    ///   - indent: blanks before each line.
    ///   - first: blanks before the first one instead.
    public func wrapped(width: Int = 79, indent: Int = 0, first: Int? = nil) -> String {
        var lines: [String] = []
        var line = String(repeating: " ", count: first ?? indent)
        var isEmpty = true
        for word in split(whereSeparator: \.isWhitespace) {
            if !isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n") + "\n"
    }

    /// At most `width` characters, the middle left out: both ends of an address tell it apart.
    public func shortened(to width: Int) -> String {
        guard count > width else { return self }
        guard width > 4 else { return String(prefix(max(0, width))) }
        let front = width / 2
        return prefix(front) + "…" + suffix(width - front - 1)
    }

    /// With zeros in front, `width` characters at least.
    public func zeroPadded(to width: Int) -> String { String(repeating: "0", count: Swift.max(0, width - utf8.count)) + self }
}
