extension String {
    /// What came from outside as bytes, printable and short.
    /// - Parameter most: bytes that are shown; … stands for the rest.
    public init(printing bytes: some Collection<UInt8>, most: Int = 64) {
        self = String(raw: bytes.prefix(most)).printable + (bytes.count > most ? "…" : "")
    }

    /// The text as a person may be shown it, on a line of a terminal: for every name and text that came from outside. Control
    /// characters, line breaks among them, and characters that are invisible or turn the direction of text are escaped, `\x1b` or
    /// `\u{202e}`: they could command the terminal, or disguise one name as another.
    public var printable: String {
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if let byte = scalar.rawByte {
                result.append(contentsOf: "\\x\(Hex.text([byte]))".unicodeScalars)
                continue
            }
            switch scalar.properties.generalCategory {
            case .control where scalar.value < 0x100: result.append(contentsOf: "\\x\(Hex.text([UInt8(scalar.value)]))".unicodeScalars)
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
