internal import MQCore

extension String: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard case .string(let text) = tree else { throw .otherKind }
        self = text
    }
    var tree: JSONTree { .string(self) }
}

extension Int: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        switch tree {
        case .integer(let number): self = number
        case .real(let number):
            guard let whole = Int(exactly: number) else { throw .otherKind }
            self = whole
        default: throw .otherKind
        }
    }
    var tree: JSONTree { .integer(self) }
}

extension UInt16: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard let number = UInt16(exactly: try Int(tree)) else { throw .otherKind }
        self = number
    }
    var tree: JSONTree { .integer(Int(self)) }
}

extension Double: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        switch tree {
        case .integer(let number): self = Double(number)
        case .real(let number): self = number
        default: throw .otherKind
        }
    }
    var tree: JSONTree { .real(self) }
}

extension Bool: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard case .bool(let truth) = tree else { throw .otherKind }
        self = truth
    }
    var tree: JSONTree { .bool(self) }
}

extension Array: JSONForm where Element: JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard case .array(let elements) = tree else { throw .otherKind }
        self = []
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do throws(JSONMismatch) { append(try Element(element)) } catch { throw error.within(index) }
        }
    }
    var tree: JSONTree { .array(map(\.tree)) }
}

/// Words of a fixed set.
extension JSONForm where Self: RawRepresentable, RawValue == String {
    init(_ tree: JSONTree) throws(JSONMismatch) {
        guard let value = Self(rawValue: try String(tree)) else { throw .otherKind }
        self = value
    }
    var tree: JSONTree { .string(rawValue) }
}
