/// Reads JSON (RFC 8259) one value at a time from bytes, without building a tree. Strict: what it accepts is JSON.
///
/// The bytes must outlive the reader.
public struct JSONReader {
    private let bytes: UnsafeRawBufferPointer
    /// Where the next byte is read, from the start.
    public private(set) var position = 0
    private var depth = 0
    /// Whether reading failed because there are no more bytes, where some had to follow.
    public private(set) var endsEarly = false

    /// Deeper nesting is refused: recursion must be bounded for bytes from outside.
    private static let maximumDepth = 64

    /// Reads from the first byte.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads all of `bytes` by `body`.
    /// - Throws: what `body` throws, and `malformed` for anything behind the value that it read.
    public static func read<Value>(
        _ bytes: some Sequence<UInt8>, _ body: (inout JSONReader) throws(TransportError) -> Value
    ) throws(TransportError) -> Value {
        // A closure of the standard library loses the type of the error, hence the result.
        func run(_ bytes: UnsafeRawBufferPointer) -> Result<Value, TransportError> {
            do throws(TransportError) {
                var reader = JSONReader(bytes)
                let value = try body(&reader)
                try reader.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        let result =
            bytes.withContiguousStorageIfAvailable { run(UnsafeRawBufferPointer($0)) } ?? Array(bytes).withUnsafeBytes { run($0) }
        return try result.get()
    }

    /// What a value is, by its first byte.
    public enum Kind: Sendable {
        case object, array, string, number, bool, null
    }

    /// The error `malformed` for what was read last, with its place.
    public func failure(_ what: String) -> TransportError {
        TransportError(.malformed, "\(what) at byte \(position + 1) of the JSON")
    }

    /// About bytes that end at the position.
    private func failure(before what: String) -> TransportError {
        TransportError(.malformed, "\(what) before byte \(position + 1) of the JSON")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func peek() throws(TransportError) -> UInt8 {
        skipSpace()
        guard position < bytes.count else {
            endsEarly = true
            throw failure("unexpected end")
        }
        return bytes[position]
    }

    private mutating func take(_ byte: UInt8) throws(TransportError) -> Bool {
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(TransportError) {
        guard try take(byte) else { throw failure("expected '\(Character(Unicode.Scalar(byte)))'") }
    }

    /// What kind of value comes next.
    public mutating func kind() throws(TransportError) -> Kind {
        switch try peek() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), 0x30...0x39: return .number
        default: throw failure("expected a value")
        }
    }

    /// Calls `member` with each key; it must read or skip the value.
    public mutating func object(_ member: (inout JSONReader, String) throws(TransportError) -> Void) throws(TransportError) {
        try enter(UInt8(ascii: "{"))
        if try !take(UInt8(ascii: "}")) {
            repeat {
                guard try peek() == UInt8(ascii: "\"") else { throw failure("expected a key") }
                let key = try string()
                try expect(UInt8(ascii: ":"))
                try member(&self, key)
            } while try take(UInt8(ascii: ","))
            try expect(UInt8(ascii: "}"))
        }
        depth -= 1
    }

    /// Calls `element` at each element; it must read or skip it.
    public mutating func array(_ element: (inout JSONReader) throws(TransportError) -> Void) throws(TransportError) {
        try enter(UInt8(ascii: "["))
        if try !take(UInt8(ascii: "]")) {
            repeat { try element(&self) } while try take(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"))
        }
        depth -= 1
    }

    private mutating func enter(_ bracket: UInt8) throws(TransportError) {
        try expect(bracket)
        depth += 1
        if depth > Self.maximumDepth { throw failure("nesting too deep") }
    }

    /// Reads a string.
    /// - Throws: `malformed`.
    public mutating func string() throws(TransportError) -> String {
        var result: [UInt8] = []
        try string(into: &result)
        return String(decoding: result, as: UTF8.self)
    }

    /// Appends the bytes of a string, escapes undone, as UTF-8.
    public mutating func string(into result: inout [UInt8]) throws(TransportError) {
        try expect(UInt8(ascii: "\""))
        while true {
            let start = position
            while position < bytes.count, bytes[position] >= 0x20, bytes[position] != 0x22, bytes[position] != 0x5c { position += 1 }
            let run = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
            if !Self.isUTF8(run) { throw failure(before: "bytes that are not UTF-8") }
            result.append(contentsOf: run)
            guard position < bytes.count else { throw failure("a string without an end") }
            position += 1
            switch bytes[position - 1] {
            case 0x22: return
            case 0x5c: try escape(into: &result)
            default:
                position -= 1
                throw failure("a control character in a string")
            }
        }
    }

    private mutating func escape(into result: inout [UInt8]) throws(TransportError) {
        guard position < bytes.count else { throw failure("a string without an end") }
        position += 1
        switch bytes[position - 1] {
        case UInt8(ascii: "n"): result.append(0x0a)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "r"): result.append(0x0d)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0c)
        case let byte where byte == 0x22 || byte == 0x5c || byte == 0x2f: result.append(byte)
        case UInt8(ascii: "u"): try unicodeEscape(into: &result)
        default: throw failure("an unknown escape")
        }
    }

    private mutating func unicodeEscape(into result: inout [UInt8]) throws(TransportError) {
        var value = try fourDigits()
        if (0xd800..<0xdc00).contains(value) {
            guard position + 1 < bytes.count, bytes[position] == 0x5c, bytes[position + 1] == UInt8(ascii: "u") else {
                throw failure("half of a surrogate pair")
            }
            position += 2
            let low = try fourDigits()
            guard (0xdc00..<0xe000).contains(low) else { throw failure("half of a surrogate pair") }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("half of a surrogate pair") }
        result.append(contentsOf: UTF8.encode(scalar)!)
    }

    private mutating func fourDigits() throws(TransportError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("a string without an end") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.value(bytes[position]) else { throw failure("\\u needs four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// A number, as its text.
    public mutating func number() throws(TransportError) -> String {
        guard try kind() == .number else { throw failure("expected a number") }
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let integer = digits()
        guard integer > 0 else { throw failure("a number without digits") }
        if integer > 1 && bytes[position - integer] == UInt8(ascii: "0") { throw failure("a number with a leading zero") }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw failure("a number without digits") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw failure("a number without digits") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    /// Reads `true` or `false`.
    /// - Throws: `malformed`.
    public mutating func bool() throws(TransportError) -> Bool {
        if try word("true") { return true }
        if try word("false") { return false }
        throw failure("expected true or false")
    }

    private mutating func word(_ word: StaticString) throws(TransportError) -> Bool {
        _ = try peek()
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    /// Reads `null`.
    /// - Throws: `malformed`.
    public mutating func null() throws(TransportError) {
        guard try word("null") else { throw failure("expected null") }
    }

    /// Reads a value of any kind and drops it.
    public mutating func skip() throws(TransportError) {
        switch try kind() {
        case .object: try object { reader, _ throws(TransportError) in try reader.skip() }
        case .array: try array { reader throws(TransportError) in try reader.skip() }
        case .string:
            var dropped: [UInt8] = []
            try string(into: &dropped)
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    /// Nothing but white space may follow.
    public mutating func end() throws(TransportError) {
        skipSpace()
        if position < bytes.count { throw failure("text after the value") }
    }

    /// Whether the bytes are valid UTF-8.
    public static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let span = Span<UInt8>(_unsafeElements: bytes.assumingMemoryBound(to: UInt8.self))
        return (try? UTF8Span(validating: span)) != nil
    }
}
