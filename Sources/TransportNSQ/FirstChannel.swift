internal import MQCore
internal import Synchronization

/// Tells the person when a receiver makes the first channel of a topic: it gets everything that the topic has kept until then.
///
/// nsqd is asked beside the connecting, and is quicker to answer than to subscribe us. An answer that comes later has our
/// channel in it and says nothing.
final class FirstChannel: Sendable {
    private let counts: Mutex<(pending: Int, messages: Int)>
    private let topic: String
    private let channel: String
    private let notices: Notices

    static func look(for topic: String, _ channel: String, on daemons: [Daemon], resolve: [String], _ opening: Opening) {
        guard !daemons.isEmpty else { return }
        let search = FirstChannel(topic, channel, daemons.count, opening.notices)
        let path = "/stats?format=json&include_clients=false&include_mem=false&topic=\(LookupExchange.escaped(topic))"
        SideQuestion.ask(daemons, resolve: resolve, stop: opening.stop) { get in
            search.found(get(path).map { Self.kept(by: topic, $0) } ?? 0)
        }
    }

    private init(_ topic: String, _ channel: String, _ count: Int, _ notices: Notices) {
        counts = Mutex((count, 0))
        (self.topic, self.channel, self.notices) = (topic, channel, notices)
    }

    /// How many messages wait for a first channel.
    static func kept(by topic: String, _ statistics: [UInt8]) -> Int {
        guard let found = try? AdminStatistics.parse(statistics).first(where: { $0.name == topic }), found.channels.isEmpty else {
            return 0
        }
        return max(0, found.counts.messages)
    }

    private func found(_ messages: Int) {
        let total = counts.withLock { counts in
            counts.pending -= 1
            counts.messages &+= messages
            return counts.pending == 0 ? counts.messages : 0
        }
        guard total > 0 else { return }
        let words = total == 1 ? "1 message that it has" : "\(Quantity.grouped(total)) messages that it has"
        notices.warn("the topic \(topic) had no channel yet: \(channel) is its first, and gets the \(words) kept until now")
    }
}
