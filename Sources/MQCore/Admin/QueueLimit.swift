/// A limit of the system, and how much of it is used.
public struct QueueLimit: Sendable {
    /// The limit itself, with its key and heading.
    public var fact: Fact
    /// In the limit's own unit; `nil` where it cannot be told.
    public var used: Int?
    /// What raises it.
    public var remedy: String

    /// - Parameter used: in the unit of `fact`.
    public init(_ fact: Fact, used: Int?, remedy: String) {
        self.fact = fact
        self.used = used
        self.remedy = remedy
    }
}
