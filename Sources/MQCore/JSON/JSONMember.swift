/// One member of an object.
public struct JSONMember: Sendable {
    /// Unescaped.
    public var key: String
    /// What the key stands for.
    public var value: JSONTree

    /// A member of an object.
    public init(key: String, value: JSONTree) {
        self.key = key
        self.value = value
    }
}
