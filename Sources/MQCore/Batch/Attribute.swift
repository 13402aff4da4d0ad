/// A named value beside a message's body, as SQS and others carry them.
public struct Attribute: Sendable, Equatable {
    /// Unique among the attributes of a message.
    public var name: String
    /// The transport's word for the type of the value: `String`, `Number`, `Binary`, …
    public var type: String
    /// The bytes of a `Binary`; the UTF-8 of any other.
    public var value: [UInt8]

    /// An attribute, of type `String` where nothing else is said.
    public init(name: String, type: String = "String", value: [UInt8]) {
        self.name = name
        self.type = type
        self.value = value
    }
}
