internal import MQCore

/// JSON of another form than was expected: where, and what is wrong.
struct JSONMismatch: Error, Equatable {
    private var path = ""
    private let what: String

    init(_ what: String) { self.what = what }

    /// Seen from the object that holds it under `key`.
    func within(_ key: String) -> JSONMismatch {
        var result = self
        result.path = key + (path.isEmpty || path.hasPrefix("[") ? path : "." + path)
        return result
    }

    /// Seen from the array that holds it.
    func within(_ index: Int) -> JSONMismatch {
        var result = self
        result.path = "[\(index)]" + (path.isEmpty || path.hasPrefix("[") ? path : "." + path)
        return result
    }

    /// `results[1].latency.rate is missing`.
    var sentence: String { (path.isEmpty ? "it" : path.printable) + " " + what }

    static let otherKind = JSONMismatch("is not what it should be")
}
