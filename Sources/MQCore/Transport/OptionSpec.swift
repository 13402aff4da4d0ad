/// One option of a transport, as data: parsing, checks, help, man page and completion all read it.
public struct OptionSpec: Sendable {
    /// What a value must be.
    public enum Kind: Sendable {
        /// Present, or `=yes`/`=no`.
        case flag
        /// A whole number in this range.
        case integer(ClosedRange<Int>)
        /// A number with an optional unit: `64k`, `1MiB`.
        case bytes(ClosedRange<Int>)
        /// `10s`, `250ms`, `2m`; a bare number is seconds.
        case duration
        /// An octal file mode.
        case mode
        /// One of these words.
        case choice([String])
        /// Anything; the word stands for it in help.
        case text(String)
        /// A path.
        case file
    }

    /// When the option has an effect.
    public enum Scope: String, Sendable {
        case any = "always"
        case create = "when the queue is created"
        case send = "sending"
        case receive = "receiving"
    }

    /// As it stands before the `=` in an address.
    public let key: String
    /// What its value must be.
    public let kind: Kind
    /// Shown in help; the transport applies it.
    public let standard: String?
    /// When it has an effect, for help.
    public let scope: Scope
    /// Whether it may be given more than once, each value counting.
    public let repeatable: Bool
    /// A line for `mq transports NAME` and the manual.
    public let help: String

    /// - Parameter standard: the value that holds when the option is not given.
    public init(
        _ key: String, _ kind: Kind, standard: String? = nil, scope: Scope = .any, repeatable: Bool = false, help: String
    ) {
        self.key = key
        self.kind = kind
        self.standard = standard
        self.scope = scope
        self.repeatable = repeatable
        self.help = help
    }

    /// The value's form as help shows it.
    public var placeholder: String {
        switch kind {
        case .flag: "yes|no"
        case .integer(let range):
            range.upperBound == .max
                ? (range.lowerBound == .min ? "N" : "N≥\(range.lowerBound)") : "\(range.lowerBound)…\(range.upperBound)"
        case .bytes: "BYTES"
        case .duration: "DURATION"
        case .mode: "OCTAL"
        case .choice(let words): words.joined(separator: "|")
        case .text(let word): word
        case .file: "FILE"
        }
    }

    /// Why `text` is not a value for this option; `nil` when it is one.
    public func complaint(about text: String?) -> String? {
        guard let text else {
            if case .flag = kind { return nil }
            return "needs a value: \(key)=\(placeholder)"
        }
        switch kind {
        case .flag: return OptionValues.truth(text) == nil ? "must be yes or no" : nil
        case .integer(let range):
            return (Quantity.integer(text).map(range.contains) ?? false) ? nil : "must be a whole number, \(Self.words(range))"
        case .bytes(let range):
            return (Quantity.bytes(text).map(range.contains) ?? false)
                ? nil : "must be a number of bytes like 8192, 64k or 1MiB, \(Self.words(range))"
        case .duration: return Quantity.duration(text) == nil ? "must be a duration like 10s, 250ms or 2m" : nil
        case .mode: return Quantity.mode(text) == nil ? "must be an octal mode like 0660" : nil
        case .choice(let words):
            return words.contains(text) ? nil : "must be \(words.joined(separator: ", ").replacingLastComma(with: " or"))"
        case .text, .file: return text.isEmpty ? "must not be empty" : nil
        }
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "of any size"
        case (let low, .max): "at least \(low)"
        case (.min, let high): "at most \(high)"
        case (let low, let high): "\(low) to \(high)"
        }
    }
}

extension String {
    fileprivate func replacingLastComma(with word: String) -> String {
        guard let comma = lastIndex(of: ",") else { return self }
        return String(self[..<comma]) + word + String(self[index(after: comma)...])
    }
}

extension Descriptor {
    /// The option of that key. A transport that knows families of options (every `NAME` of zmq.h) lists each of them.
    public func spec(for key: String) -> OptionSpec? { options.first { $0.key == key } }
}
