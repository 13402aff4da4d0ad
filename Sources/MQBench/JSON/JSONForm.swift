internal import MQCore

/// A type with a form in JSON.
protocol JSONForm {
    init(_ tree: JSONTree) throws(JSONMismatch)
    var tree: JSONTree { get }
}
