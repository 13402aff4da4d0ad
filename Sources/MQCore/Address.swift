/// Who and where, as a person wrote it: `scheme:target[,target…][,key=value…]`.
///
/// The grammar is the same for every transport; what the targets mean is the transport's business. It is a grammar of
/// bytes: to Swift, a comma before a combining accent is another character, to a shell and a queue it is a comma.
public struct Address: Sendable, Equatable {
    /// The word before the colon, in lower case, by which the transport is found.
    public let scheme: String
    /// The first is what follows the scheme; transports with several endpoints have more. Commas are decoded.
    public let targets: [String]
    /// Options in the order given.
    public let options: [OptionValues.Entry]
    /// How commas divide the targets; printing must undo what parsing did.
    public let syntax: Descriptor.TargetSyntax

    /// The first target, for transports that have one only.
    public var target: String { targets[0] }

    /// An address out of its parts. `targets` must not be empty.
    public init(scheme: String, targets: [String], options: [OptionValues.Entry] = [], syntax: Descriptor.TargetSyntax = .single) {
        precondition(!targets.isEmpty)
        self.scheme = scheme
        self.targets = targets
        self.options = options
        self.syntax = syntax
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
    /// - Parameter keys: the options there are: what tells the host in `nsq://a,b` from the option in `nsq://a,tls`.
    /// - Throws: `usage` for an option without a key, or an address that is no text a queue could have.
    public init(
        parsing text: String, syntax: Descriptor.TargetSyntax, keys: Set<String> = [], source: OptionValues.Source = .address
    ) throws(TransportError) {
        guard let scheme = Self.scheme(of: text), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw TransportError(
                .usage, "'\(text)' is not an address", hint: "addresses look like posix-mq:/name; mq transports lists the schemes")
        }
        if text.utf8.contains(0) { throw TransportError(.usage, "an address cannot contain NUL") }
        let (rest, query) = Self.dividingQuery(text[text.utf8.index(after: colon)...])
        var elements = Self.split(rest, at: ",")
        if syntax == .authority { elements = Self.joiningAuthority(elements, keys) }
        var targets = [Self.decoded(elements[0])]
        var options: [OptionValues.Entry] = []
        for element in elements.dropFirst() {
            if syntax == .endpoints && Self.isEndpoint(element) {
                targets.append(Self.decoded(element))
            } else {
                options.append(try Self.option(element, source: source))
            }
        }
        options += try Self.options(ofQuery: query, source: source)
        self.init(scheme: scheme, targets: targets, options: options, syntax: syntax)
    }

    /// What stands before the `?`, and behind it.
    public static func dividingQuery(_ text: Substring) -> (Substring, query: Substring) {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (text, "") }
        return (text[..<mark], text[text.utf8.index(after: mark)...])
    }

    /// `k=v&k=v`.
    /// - Throws: `usage` for an option without a key.
    public static func options(ofQuery query: Substring, source: OptionValues.Source) throws(TransportError) -> [OptionValues.Entry] {
        var options: [OptionValues.Entry] = []
        for element in query.isEmpty ? [] : split(query, at: "&") { options.append(try option(element, source: source)) }
        return options
    }

    /// `key=value`, `key`.
    /// - Throws: `usage` when there is no key, or one that would be taken for an endpoint or a host.
    public static func option(_ element: some StringProtocol, source: OptionValues.Source) throws(TransportError) -> OptionValues.Entry {
        let element = Substring(element)
        let equals = element.utf8.firstIndex(of: UInt8(ascii: "="))
        let key = decoded(element[..<(equals ?? element.endIndex)])
        guard !key.isEmpty, key.utf8.first != UInt8(ascii: "@"), !key.utf8.contains(where: { "/,".utf8.contains($0) }) else {
            throw TransportError(.usage, "'\(element)' is not an option", hint: "options are written key=value; a comma in a value is %2C")
        }
        return OptionValues.Entry(key: key, value: equals.map { decoded(element[element.utf8.index(after: $0)...]) }, source: source)
    }

    /// A leading `@`, or `://`. `key=tcp://…` holds `://` too and is an option all the same: the `=` comes first.
    private static func isEndpoint(_ element: Substring) -> Bool {
        if element.utf8.first == UInt8(ascii: "@") { return true }
        let bytes = Array(element.utf8.prefix { $0 != UInt8(ascii: "=") })
        return bytes.indices.contains { bytes[$0...].starts(with: "://".utf8) }
    }

    static func split(_ text: Substring, at separator: Unicode.Scalar) -> [Substring] {
        text.utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// Joins `//a`, `b:1`, `c/topic` to one element: up to the first `/` behind `//`, commas separate hosts. A host has no
    /// `=`, so that `//host,key=/path` stays a host and an option. Without any `/` the hosts end at the first option, and get
    /// one: whatever is printed behind them is an option then.
    private static func joiningAuthority(_ elements: [Substring], _ keys: Set<String>) -> [Substring] {
        let slash = UInt8(ascii: "/")
        guard elements[0].utf8.starts(with: "//".utf8), !elements[0].utf8.dropFirst(2).contains(slash) else { return elements }
        let hosts = elements.dropFirst().prefix { !$0.utf8.prefix { $0 != slash }.contains(UInt8(ascii: "=")) }
        if let end = hosts.firstIndex(where: { $0.utf8.contains(slash) }) {
            return [elements[...end].joined(separator: ",")[...]] + elements[(end + 1)...]
        }
        let end = hosts.prefix { !keys.contains(decoded($0)) }.endIndex
        return [(elements[..<end].joined(separator: ",") + "/")[...]] + elements[end...]
    }

    /// The byte that two digits behind a `%` stand for: `,`, `?`, `%`, or one that no UTF-8 text has to have.
    private static func escaped(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count == 2, let high = Hex.value(digits.first!), let low = Hex.value(digits.last!) else { return nil }
        let value = high << 4 | low
        return value >= 0x80 || ",?%".utf8.contains(value) ? value : nil
    }

    /// `%2C`, `%3F` and `%25` stand for `,`, `?` and `%`, `%80` to `%FF` for those bytes; any other `%` is itself.
    public static func decoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = String(text).rawBytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let plain = escaped(rest.prefix(2)) {
                bytes.append(plain)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(raw: bytes)
    }

    /// The inverse; a `%` is escaped only where it would be read as an escape.
    static func encoded(_ text: some StringProtocol) -> String {
        let text = String(text)
        let bytes = Array(text.utf8)
        guard text.isRaw || bytes.contains(where: { ",?%".utf8.contains($0) }) else { return text }
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isPlain = byte == UInt8(ascii: "%") ? escaped(bytes[(index + 1)...].prefix(2)) == nil : !",?".utf8.contains(byte)
            result += isPlain ? [byte] : Self.escape(byte)
        }
        return escapingRaw(String(decoding: result, as: UTF8.self))
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// The address as it was typed, with the bytes that are no UTF-8 as escapes.
    public static func escapingRaw(_ text: String) -> String {
        guard text.isRaw else { return text }
        return String(decoding: text.unicodeScalars.flatMap { $0.rawByte.map(escape) ?? Array(UTF8.encode($0)!) }, as: UTF8.self)
    }

    /// The commas between the hosts of an authority stay.
    private static func encodedAuthority(_ target: String) -> String {
        guard target.utf8.starts(with: "//".utf8) else { return encoded(target) }
        let rest = target.utf8.dropFirst(2)
        guard let end = rest.firstIndex(of: UInt8(ascii: "/")) else { return encoded(target) }
        let hosts = split(target[..<end], at: ",")
        if hosts.dropFirst().contains(where: { $0.utf8.contains(UInt8(ascii: "=")) }) { return encoded(target) }
        return hosts.map { encoded($0) }.joined(separator: ",") + encoded(target[end...])
    }

    /// As `mq` prints it: options behind the targets, never the `?` form.
    public var text: String {
        let list = targets.map { syntax == .authority ? Self.encodedAuthority($0) : Self.encoded($0) }
        let keys = options.map { ",\(Self.encoded($0.key))" + ($0.value.map { "=\(Self.encoded($0))" } ?? "") }
        return "\(scheme):\(list.joined(separator: ","))\(keys.joined())"
    }

    /// Without its options: what names the queue in messages.
    public var short: String { Address(scheme: scheme, targets: targets, syntax: syntax).text }
}
