/// Writes JSON into bytes: small, allocation-free when the buffer is reused, and in the order of the calls.
public struct JSONText: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Nothing is written yet.
    public init() {}

    /// Begins anew and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// What was written so far, as text.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Begins an object or an array: `{` or `[`.
    public mutating func open(_ bracket: Character) {
        separate()
        bytes.append(bracket.asciiValue!)
        needsComma = false
    }

    /// Ends an object or an array: `}` or `]`.
    public mutating func close(_ bracket: Character) {
        bytes.append(bracket.asciiValue!)
        needsComma = true
    }

    /// Writes the key of the value that is written next.
    public mutating func key(_ key: String) {
        separate()
        quoted(key.utf8)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A key and its value.
    public mutating func member(_ key: String, _ text: String) {
        self.key(key)
        value(text)
    }

    /// A key and its value.
    public mutating func member(_ key: String, _ number: Int) {
        self.key(key)
        value(number)
    }

    /// A key and its value.
    public mutating func member(_ key: String, _ truth: Bool) {
        self.key(key)
        value(truth)
    }

    /// Writes a string.
    public mutating func value(_ text: String) {
        separate()
        quoted(text.utf8)
    }

    /// A string of bytes that are known to be UTF-8.
    public mutating func value(utf8 text: UnsafeRawBufferPointer) {
        separate()
        quoted(text)
    }

    /// Writes bytes as a string in Base64.
    public mutating func value(base64 data: UnsafeRawBufferPointer) {
        separate()
        bytes.append(0x22)
        Base64.encode(data, into: &bytes)
        bytes.append(0x22)
    }

    /// Writes a whole number.
    public mutating func value(_ number: Int) {
        separate()
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Writes `true` or `false`.
    public mutating func value(_ truth: Bool) {
        separate()
        bytes.append(contentsOf: (truth ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Text that is a JSON number already.
    public mutating func value(number text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// DEL and the C1 controls (U+0080–U+009F) are escaped too: the text may end on a terminal.
    private mutating func quoted(_ text: some Collection<UInt8>) {
        bytes.append(0x22)
        var lead: UInt8 = 0
        for byte in text {
            switch byte {
            case 0x22: bytes.append(contentsOf: [0x5c, 0x22])
            case 0x5c: bytes.append(contentsOf: [0x5c, 0x5c])
            case 0x0a: bytes.append(contentsOf: [0x5c, UInt8(ascii: "n")])
            case 0x0d: bytes.append(contentsOf: [0x5c, UInt8(ascii: "r")])
            case 0x09: bytes.append(contentsOf: [0x5c, UInt8(ascii: "t")])
            case 0..<0x20, 0x7f: unicode(byte)
            case 0x80..<0xa0 where lead == 0xc2:
                bytes.removeLast()
                unicode(byte)
            default: bytes.append(byte)
            }
            lead = byte
        }
        bytes.append(0x22)
    }

    private mutating func unicode(_ byte: UInt8) {
        bytes.append(contentsOf: [0x5c, UInt8(ascii: "u"), 0x30, 0x30])
        Hex.append(byte, to: &bytes)
    }
}
