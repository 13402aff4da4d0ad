import MQCore

/// What an XPUB that is read hears of its subscribers, as messages: a 1 and the topic when a subscription begins, a 0 and the topic
/// when it ends (RFC 29).
struct SubscriptionFeed {
    /// Not handed over yet, from `next` on.
    private var waiting: [[UInt8]] = []
    private var next = 0
    /// What each peer has subscribed to, by its token.
    private var topics: [Int: Set<[UInt8]>] = [:]

    /// While so many wait, no peer is heard further.
    static let most = 1000
    /// The attribute that says what such a message is.
    static let attribute = "event"

    var count: Int { waiting.count - next }

    /// A subscription, or its end, that came as a command.
    /// - Returns: by how many topics, and bytes of them, the peer has more.
    mutating func hear(_ topic: [UInt8], isEnd: Bool, from peer: Int) -> (count: Int, bytes: Int) {
        waiting.append([isEnd ? 0 : 1] + topic)
        return note(topic, isEnd: isEnd, of: peer)
    }

    private mutating func note(_ topic: [UInt8], isEnd: Bool, of peer: Int) -> (count: Int, bytes: Int) {
        if isEnd { return topics[peer]?.remove(topic) == nil ? (0, 0) : (-1, -topic.count) }
        return topics[peer, default: []].insert(topic).inserted ? (1, topic.count) : (0, 0)
    }

    /// What a peer had subscribed to ends with it.
    mutating func lost(_ peer: Int) {
        for topic in (topics.removeValue(forKey: peer) ?? []).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            waiting.append([0] + topic)
        }
    }

    /// Appends what waits.
    /// - Returns: how many messages.
    mutating func take(into batch: inout Batch, limit: Int, most bytes: Int) -> Int {
        var taken = 0
        while next < waiting.count && taken < limit && batch.byteCount < bytes {
            batch.append(waiting[next])
            if batch.wantsProperties { Self.name(&batch, batch.count - 1) }
            next += 1
            taken += 1
        }
        if next == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count <= Self.most)
            next = 0
        }
        return taken
    }

    /// Looks at messages that came from a peer: subscriptions may be among them (ZMTP 3.0).
    /// - Returns: as `hear`.
    mutating func look(at batch: inout Batch, _ range: Range<Int>, from peer: Int) -> (count: Int, bytes: Int) {
        var more = (count: 0, bytes: 0)
        for index in range where Self.isSubscription(batch, index) {
            let bytes = batch.bytes(of: index)
            let change = note(Array(bytes.dropFirst()), isEnd: bytes[0] == 0, of: peer)
            more = (more.count + change.count, more.bytes + change.bytes)
        }
        Self.name(&batch, range)
        return more
    }

    /// Says of messages that an XPUB received which of them are subscriptions, where somebody wants to know.
    static func name(_ batch: inout Batch, _ range: Range<Int>) {
        guard batch.wantsProperties else { return }
        for index in range where isSubscription(batch, index) { name(&batch, index) }
    }

    private static func isSubscription(_ batch: borrowing Batch, _ index: Int) -> Bool {
        guard let first = batch.bytes(of: index).first, first <= 1 else { return false }
        return batch.frames(of: index) == nil
    }

    private static func name(_ batch: inout Batch, _ index: Int) {
        var properties = batch.properties(of: index)
        let isEnd = batch.bytes(of: index)[0] == 0
        properties.attributes = [Attribute(name: attribute, value: Array((isEnd ? "cancel" : "subscribe").utf8))]
        batch.replaceProperties(of: index, with: properties)
    }
}
