/// Who and where, as a person wrote it: `scheme:target[,target…][,key=value…]`.
///
/// The grammar is the same for every transport; what the targets mean is the transport's business.
public struct Address: Sendable, Equatable {
    public let scheme: String
    /// The first is what follows the scheme; transports with several endpoints have more. Commas are decoded.
    public let targets: [String]
    /// Options in the order given.
    public let options: [OptionValues.Entry]

    public var target: String { targets[0] }

    public init(scheme: String, targets: [String], options: [OptionValues.Entry] = []) {
        precondition(!targets.isEmpty)
        self.scheme = scheme
        self.targets = targets
        self.options = options
    }

    /// The scheme of `text`, or `nil` when there is none.
    public static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let word = text[..<colon]
        guard let first = word.utf8.first, (0x61...0x7a).contains(first | 0x20) else { return nil }
        let allowed = word.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        return allowed ? word.lowercased() : nil
    }

    /// Divides the part behind the scheme.
    /// - Throws: `usage` for an option without a key, or an address that is no text a queue could have.
    public init(
        parsing text: String, syntax: Descriptor.TargetSyntax, source: OptionValues.Source = .address
    ) throws(TransportError) {
        guard let scheme = Self.scheme(of: text) else {
            throw TransportError(.usage, "'\(text)' is not an address", hint: "addresses look like posix-mq:/name; mq transports lists the schemes")
        }
        if text.utf8.contains(0) { throw TransportError(.usage, "an address cannot contain NUL") }
        var rest = text[text.index(after: text.firstIndex(of: ":")!)...]
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        var elements = Self.split(rest, at: ",")
        if syntax == .authority { elements = Self.joiningAuthority(elements) }
        var targets = [Self.decoded(elements[0])]
        var options: [OptionValues.Entry] = []
        for element in elements.dropFirst() {
            if syntax == .endpoints && (element.hasPrefix("@") || element.contains("://")) && !Self.isOption(element) {
                targets.append(Self.decoded(element))
            } else {
                options.append(try Self.option(element, source: source))
            }
        }
        for element in query.isEmpty ? [] : Self.split(query, at: "&") {
            options.append(try Self.option(element, source: source))
        }
        self.init(scheme: scheme, targets: targets, options: options)
    }

    /// `key=value`, `key`.
    /// - Throws: `usage` when there is no key.
    public static func option(_ element: some StringProtocol, source: OptionValues.Source) throws(TransportError) -> OptionValues.Entry {
        let parts = element.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let key = decoded(String(parts[0]))
        guard !key.isEmpty else {
            throw TransportError(.usage, "'\(element)' is not an option", hint: "options are written key=value; a comma in a value is %2C")
        }
        return OptionValues.Entry(key: key, value: parts.count > 1 ? decoded(String(parts[1])) : nil, source: source)
    }

    /// `key=tcp://…` holds `://` too and is an option all the same: the `=` comes first, and before it a plain word.
    private static func isOption(_ element: Substring) -> Bool {
        guard let equals = element.firstIndex(of: "="), let mark = element.range(ofLiteral: "://") else { return false }
        return equals < mark && !element.hasPrefix("@")
    }

    private static func split(_ text: Substring, at separator: Character) -> [Substring] {
        text.split(separator: separator, omittingEmptySubsequences: false)
    }

    /// Joins `//a`, `b:1`, `c/topic` to one element: up to the first `/` behind `//`, commas separate hosts.
    private static func joiningAuthority(_ elements: [Substring]) -> [Substring] {
        guard elements[0].hasPrefix("//"), !elements[0].dropFirst(2).contains("/") else { return elements }
        guard let end = elements.dropFirst().firstIndex(where: { $0.contains("/") }) else { return elements }
        let joined = elements[...end].joined(separator: ",")
        return [joined[...]] + elements[(end + 1)...]
    }

    /// `%2C`, `%3F` and `%25` stand for `,`, `?` and `%`; any other `%` is itself.
    static func decoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let code = rest.prefix(2).map { $0 & 0xdf }  // letters in upper case; digits lose a bit
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let first = digits.first,
                let plain: UInt8 = first == 0x32 && code[1] == 0x43
                    ? 0x2c : first == 0x33 && code[1] == 0x46 ? 0x3f : first == 0x32 && digits.last == 0x35 ? 0x25 : nil
            {
                bytes.append(plain)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String {
        var result = ""
        for (index, character) in zip(text.indices, text) {
            switch character {
            case ",": result += "%2C"
            case "?": result += "%3F"
            case "%": result += decoded(text[index...].prefix(3)).count < text[index...].prefix(3).count ? "%25" : "%"
            default: result.append(character)
            }
        }
        return result
    }

    /// As `mq` prints it: options behind the targets, never the `?` form.
    public var text: String {
        let list = targets.enumerated().map { $0.offset == 0 && $0.element.hasPrefix("//") ? $0.element : Self.encoded($0.element) }
        let keys = options.map { ",\(Self.encoded($0.key))" + ($0.value.map { "=\(Self.encoded($0))" } ?? "") }
        return "\(scheme):\(list.joined(separator: ","))\(keys.joined())"
    }

    /// Without its options: what names the queue in messages.
    public var short: String { Address(scheme: scheme, targets: targets).text }
}

extension Substring {
    fileprivate func range(ofLiteral literal: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(literal) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}
