internal import MQCore

/// The members of an object, on the way out of it or into it.
struct JSONFields {
    private(set) var members: [JSONMember] = []
    /// The first member that is missing or of another kind.
    private(set) var mismatch: JSONMismatch?
    private let reads: Bool

    /// To be filled.
    init() { reads = false }

    /// To be read from. Members that nobody names are passed over: a later version may have more.
    init(reading members: [JSONMember]) { (self.members, reads) = (members, true) }

    /// A member that is always there.
    mutating func field<Value: JSONForm>(_ key: String, _ value: inout Value) {
        guard reads else { return members.append(JSONMember(key: key, value: value.tree)) }
        guard let tree = self[key] else { return note(JSONMismatch("is missing").within(key)) }
        if case .null = tree { return note(JSONMismatch("is null").within(key)) }
        read(tree, key) { value = $0 }
    }

    /// A member that may be absent.
    mutating func field<Value: JSONForm>(_ key: String, _ value: inout Value?) {
        guard reads else {
            if let value { members.append(JSONMember(key: key, value: value.tree)) }
            return
        }
        guard let tree = self[key] else { return }
        if case .null = tree { return }
        read(tree, key) { value = $0 }
    }

    private subscript(key: String) -> JSONTree? { members.first { $0.key == key }?.value }

    private mutating func read<Value: JSONForm>(_ tree: JSONTree, _ key: String, _ take: (Value) -> Void) {
        do throws(JSONMismatch) { take(try Value(tree)) } catch { note(error.within(key)) }
    }

    private mutating func note(_ found: JSONMismatch) {
        if mismatch == nil { mismatch = found }
    }
}
