/// A named value beside a message's body, as SQS and others carry them.
public struct Attribute: Sendable, Equatable {
    public var name: String
    /// The transport's word for the type of the value: `String`, `Number`, `Binary`, …
    public var type: String
    public var value: [UInt8]

    public init(name: String, type: String = "String", value: [UInt8]) {
        self.name = name
        self.type = type
        self.value = value
    }
}
