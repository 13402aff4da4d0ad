extension JSONTree: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral {
    /// An object with its members in this order.
    public init(dictionaryLiteral members: (String, JSONTree)...) { self = .object(members.map { JSONMember(key: $0, value: $1) }) }

    /// A string.
    public init(stringLiteral text: String) { self = .string(text) }

    /// An object without the members that have no value.
    public static func present(_ members: (String, JSONTree?)...) -> JSONTree {
        .object(members.compactMap { key, value in value.map { JSONMember(key: key, value: $0) } })
    }

    /// An array of strings.
    public static func strings(_ texts: [String]) -> JSONTree { .array(texts.map { .string($0) }) }
}
