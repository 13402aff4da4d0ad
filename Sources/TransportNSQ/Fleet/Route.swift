/// A connection that an endpoint wants: to which nsqd and, where it consumes several topics, for which of them. nsqd takes one
/// subscription on each connection.
struct Route: Hashable, Sendable {
    var peer: Peer
    /// `nil` where the endpoint has one topic only.
    var topic: String?

    init(_ peer: Peer, topic: String? = nil) { (self.peer, self.topic) = (peer, topic) }

    /// For messages to the person.
    var text: String { peer.text + (topic.map { "/\($0)" } ?? "") }
}
