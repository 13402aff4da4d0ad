internal import MQCore
internal import MQNet

/// One message as ReceiveMessage gives it.
struct ReceivedMessage {
    var id: String?
    var handle: [UInt8] = []
    var body: [UInt8] = []
    var digest: MD5?
    var attributes: [Attribute] = []
    /// Milliseconds since 1970.
    var sent: Int64?
    var firstReceived: Int64?
    var attempts: Int?
    var group: String?
    var dedup: String?

    /// Undoes base64 where the message is marked so. What is marked and is none stays as it is.
    mutating func decode() {
        guard let place = attributes.firstIndex(where: { $0 == MessageText.marker }), let bytes = Base64.decode(body) else { return }
        body = bytes
        attributes.remove(at: place)
    }

    var properties: MessageProperties {
        var properties = MessageProperties()
        properties.id = id
        properties.timestamp = sent.flatMap(Self.nanoseconds)
        properties.firstReceived = firstReceived.flatMap(Self.nanoseconds)
        properties.attempts = attempts
        properties.attributes = attributes
        properties.group = group
        properties.dedup = dedup
        return properties
    }

    /// - Returns: `nil` for a moment that no clock shows.
    private static func nanoseconds(_ milliseconds: Int64) -> Int64? {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : product
    }
}
