/// One member of an object.
public struct JSONMember: Sendable {
    public var key: String
    public var value: JSONTree

    public init(key: String, value: JSONTree) {
        self.key = key
        self.value = value
    }
}
