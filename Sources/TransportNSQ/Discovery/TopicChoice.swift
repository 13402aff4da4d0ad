internal import MQCore

/// Which topics a receiver takes messages from.
struct TopicChoice: Sendable {
    /// Those that the address names.
    let named: [String]
    /// Whether the topics are looked for, again and again: every one, or those that the pattern matches.
    let isOpenEnded: Bool
    private let pattern: TopicPattern?

    /// - Throws: `usage` for a pattern that is none, or one beside names.
    init(_ target: NSQTarget, pattern text: String?) throws(TransportError) {
        if text != nil && !target.topics.isEmpty {
            throw TransportError(
                .usage, "topic-pattern chooses topics, and the address names \(target.topics.joined(separator: ", "))",
                hint: "nsqlookup://host/+/channel,topic-pattern=^logs")
        }
        named = target.topics
        pattern = try text.map { text throws(TransportError) in try TopicPattern(text) }
        isOpenEnded = target.isEveryTopic || text != nil
    }

    /// Whether each connection has to know its topic.
    var isSeveral: Bool { isOpenEnded || named.count > 1 }

    /// Without a pattern, what ends with its clients is left to them.
    func includes(_ topic: String) -> Bool {
        if let pattern { return pattern.matches(topic) }
        return isOpenEnded ? !topic.hasSuffix("#ephemeral") : named.contains(topic)
    }

    /// The connections to an nsqd with the topics `present`.
    func routes(to peer: Peer, having present: [String]) -> [Route] {
        present.filter(includes).map { Route(peer, topic: isSeveral ? $0 : nil) }
    }

    /// What is waited for while there is none.
    var missing: String {
        if pattern != nil { return "no topic matches topic-pattern yet" }
        if isOpenEnded { return "there is no topic yet" }
        return named.count == 1 ? "no nsqd has the topic \(named[0]) yet" : "no nsqd has any of the topics yet"
    }
}
