internal import MQCore

/// A type whose form is an object. Its members are named once, for reading and for writing.
protocol JSONRecord: JSONForm {
    /// A value whose members `describe` replaces.
    init()
    /// Names every member, in any order.
    mutating func describe(_ fields: inout JSONFields)
}

extension JSONRecord {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard case .object(let members) = tree else { throw JSONMismatch("is not an object") }
        self.init()
        var fields = JSONFields(reading: members)
        describe(&fields)
        if let mismatch = fields.mismatch { throw mismatch }
    }

    var tree: JSONTree {
        var copy = self
        var fields = JSONFields()
        copy.describe(&fields)
        return .object(fields.members)
    }
}

extension JSONRecord {
    /// From a document that this program wrote for itself; `nil` for anything else.
    init?(message bytes: [UInt8]) {
        let numbers = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        guard let tree = try? JSONTree(parsing: bytes, numbers: numbers), let value = try? Self(tree) else { return nil }
        self = value
    }
}
