/// A value beside its name, in the order in which it is shown.
public struct Fact: Sendable, Equatable {
    /// What is shown, and how it is written.
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        /// A number that only grows while the queue is there: its growth is of interest.
        case counter(Int)
        /// A number that counts nothing: a process, a key, an identifier.
        case identifier(Int)
        /// A number of bytes, shown with its unit.
        case bytes(Int)
        /// Nanoseconds since 1970; 0 is never.
        case time(Int64)
        /// A file mode, shown in octal.
        case mode(Int)
        case flag(Bool)
    }

    /// The key in JSON, in lower case with underscores.
    public var key: String
    /// The heading for people.
    public var label: String
    /// What is shown beside the label.
    public var value: Value
    /// Where the value came from, for `explain`.
    public var source: String?

    /// A fact with its key in JSON and its heading for people.
    public init(_ key: String, _ label: String, _ value: Value, source: String? = nil) {
        self.key = key
        self.label = label
        self.value = value
        self.source = source
    }
}
