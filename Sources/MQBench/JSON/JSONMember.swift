/// One member of an object.
struct JSONMember: Sendable {
    var key: String
    var value: JSONTree
}
