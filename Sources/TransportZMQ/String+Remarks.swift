import MQCore

extension String {
    /// What became of messages that a sender dropped.
    /// - Parameter isLeast: whether more may have been dropped than were seen to be.
    static func dropped(_ count: Int, by type: SocketType, isLeast: Bool = false) -> String {
        "\(isLeast ? "at least " : "")\(Quantity.grouped(count)) messages were dropped for \(type.publishes ? "subscribers" : "peers") at their high-water mark"
    }

    /// What peers sent to somebody who only sends.
    static func unheard(_ count: Int) -> String {
        "\(Quantity.count(count, "message")) came back and \(count == 1 ? "was" : "were") not read: mq request waits for replies"
    }
}
