import MQCore

/// What a body must hold at a place of its JSON: `user.name=Ada`, `ok=true`, `items[0]={"id":7}`.
struct JSONExpectation: Sendable {
    private let text: String
    private let path: JSONPath
    /// The values that fit: a word that is no JSON is a string, and so is what stands in quotes.
    private let wanted: String

    /// - Parameter flag: as it was typed.
    /// - Throws: `usage` with the place of what is wrong.
    init(parsing text: String, _ flag: String) throws(TransportError) {
        let (path, value) = try JSONPath.read(text, flag)
        guard let value else {
            throw TransportError(.usage, "\(flag) '\(text)' has no value", hint: "\(flag) '\(text.isEmpty ? "user.name" : text)=VALUE'")
        }
        self.path = path
        self.text = String(text.utf8.dropLast(value.utf8.count + 1)) ?? ""
        let json = try? JSONReader.read(Array(value.utf8)) { reader throws(TransportError) in try NormalJSON.text(&reader) }
        wanted = json ?? NormalJSON.quoted(value)
    }

    /// Why `body` does not fit; `nil` when it does.
    func obstacle(_ body: UnsafeRawBufferPointer) -> (message: String, details: [String])? {
        let place = text.isEmpty ? "its value" : text
        do throws(TransportError) {
            guard let found = try path.value(in: body) else { return ("has no \(place)", ["expected: \(wanted)"]) }
            return found == wanted ? nil : ("differs at \(place)", ["expected: \(wanted)", "received: \(found)"])
        } catch {
            return ("is not JSON: \(error.message)", [])
        }
    }
}
