/// Option values, checked against a descriptor, each with where it came from.
public struct OptionValues: Sendable {
    /// Where a value came from.
    public enum Source: Sendable, Equatable {
        case address, flag, alias(String)
        case environment(String)

        /// The source as errors and `explain` name it.
        public var words: String {
            switch self {
            case .address: "address"
            case .flag: "-o"
            case .alias(let name): "alias @\(name)"
            case .environment(let name): name
            }
        }
    }

    /// One option as it was given.
    public struct Entry: Sendable, Equatable {
        /// As it was written.
        public var key: String
        /// `nil` for a flag without a value.
        public var value: String?
        /// Where it was written.
        public var source: Source

        /// An option that has not been checked yet.
        public init(key: String, value: String?, source: Source) {
            self.key = key
            self.value = value
            self.source = source
        }
    }

    /// Those that count, in the order in which they were given.
    public private(set) var entries: [Entry]

    /// Checks every entry: known key, allowed value, given once unless repeatable (a later source replaces an earlier one).
    /// - Throws: `usage`, naming the nearest key or what is allowed.
    public init(_ entries: [Entry], for descriptor: Descriptor) throws(TransportError) {
        self.entries = []
        for entry in entries { try add(entry, descriptor) }
    }

    private mutating func add(_ entry: Entry, _ descriptor: Descriptor) throws(TransportError) {
        guard let spec = descriptor.spec(for: entry.key) else {
            let near = Suggestion.nearest(to: entry.key, in: descriptor.options.map(\.key))
            throw TransportError(
                .usage, "\(descriptor.name) has no option '\(entry.key)'",
                hint: (near.map { "did you mean \($0)? " } ?? "") + "mq transports \(descriptor.name) lists them")
        }
        if let complaint = spec.complaint(about: entry.value) {
            throw TransportError(.usage, "option \(entry.key)\(entry.value.map { "=\($0)" } ?? "") \(complaint)")
        }
        if !spec.repeatable, let old = entries.firstIndex(where: { $0.key == entry.key }) {
            if entries[old].source == entry.source {
                throw TransportError(.usage, "option \(entry.key) is given twice")
            }
            entries.remove(at: old)
        }
        entries.append(entry)
    }

    /// As they stand behind the target of an address, each with its comma.
    public var text: String {
        entries.map { ",\(Address.encoded($0.key))" + ($0.value.map { "=\(Address.encoded($0))" } ?? "") }.joined()
    }

    /// The last entry of that key.
    public func entry(_ key: String) -> Entry? { entries.last { $0.key == key } }
    /// Whether it was given at all.
    public func has(_ key: String) -> Bool { entry(key) != nil }
    /// The value as it was written; `nil` when it was not given.
    public func text(_ key: String) -> String? { entry(key)?.value }
    /// Every value of an option that is repeatable.
    public func texts(_ key: String) -> [String] { entries.filter { $0.key == key }.compactMap(\.value) }
    /// The value of an option of kind `integer`.
    public func integer(_ key: String) -> Int? { text(key).flatMap(Quantity.integer) }
    /// The value of an option of kind `bytes`.
    public func bytes(_ key: String) -> Int? { text(key).flatMap(Quantity.bytes) }
    /// The value of an option of kind `duration`.
    public func duration(_ key: String) -> Duration? { text(key).flatMap(Quantity.duration) }
    /// The value of an option of kind `mode`: the bits of a file mode.
    public func mode(_ key: String) -> Int? { text(key).flatMap(Quantity.mode) }
    /// A flag: `nil` when it is not given.
    public func flag(_ key: String) -> Bool? { entry(key).map { $0.value.map { Self.truth($0) ?? false } ?? true } }

    static func truth(_ text: String) -> Bool? {
        switch text {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: nil
        }
    }
}
