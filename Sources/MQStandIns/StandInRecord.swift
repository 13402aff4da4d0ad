import MQCore

/// What became of a message, as `--dump` writes it.
public struct StandInRecord: Sendable {
    public enum State: String, Sendable { case deleted, left, inFlight = "in-flight" }

    public var queue: String
    public var id: String
    public var state: State
    public var receives: Int
    public var body: [UInt8]

    /// One line of JSON.
    public var line: [UInt8] {
        var json = JSONText()
        json.open("{")
        json.fields(("queue", .text(queue)), ("id", .text(id)), ("state", .text(state.rawValue)), ("receives", .number(receives)))
        if String(validating: body, as: UTF8.self) != nil {
            json.key("body")
            json.text(body)
        } else {
            json.key("body64")
            body.withUnsafeBytes { json.value(base64: $0) }
        }
        json.close("}")
        return json.bytes + [0x0a]
    }
}
