import MQCore

/// What became of a message, as `--dump` writes it.
public struct StandInRecord: Sendable {
    /// Whether a message was settled, waits in its queue, or is with a client.
    public enum State: String, Sendable { case deleted, left, inFlight = "in-flight" }

    /// Where it is or was; for nsq the topic and the channel.
    public var queue: String
    /// As clients were told.
    public var id: String
    /// Where it is now.
    public var state: State
    /// How often it was delivered.
    public var receives: Int
    /// As it was sent.
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
