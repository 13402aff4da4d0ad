import MQCore

extension String {
    /// What became of messages that a sender dropped.
    static func dropped(_ count: Int, by type: SocketType) -> String {
        "\(Quantity.grouped(count)) messages were dropped for \(type.publishes ? "subscribers" : "peers") at their high-water mark"
    }

    /// What peers sent to somebody who only sends.
    static func unheard(_ count: Int) -> String {
        "\(Quantity.count(count, "message")) came back and \(count == 1 ? "was" : "were") not read: mq request waits for replies"
    }
}
