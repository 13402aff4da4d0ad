internal import MQCore
internal import Synchronization

/// Tells the person when a receiver makes the first channel of a topic, which gets everything that the topic has kept until then; and when
/// the channel is paused, and gets nothing.
///
/// nsqd is asked beside the connecting; an answer that comes after we subscribed has our channel in it and says nothing. So it
/// is given two milliseconds before that, where somebody listens on its HTTP port.
final class FirstChannel: Sendable {
    private let counts: Mutex<(pending: Int, messages: [String: Int])>
    private let channel: String
    private let notices: Notices
    private let bell = Bell()

    private static let patience = Duration.milliseconds(2)

    /// - Parameter topics: what is about to be subscribed to.
    static func look(
        for topics: Set<String>, _ channel: String, on daemons: [Daemon], resolve: [String], _ opening: Opening
    ) -> FirstChannel? {
        if daemons.isEmpty || topics.isEmpty { return nil }
        let search = FirstChannel(channel, daemons.count, opening.notices)
        let filter = topics.count == 1 ? "&topic=\(LookupExchange.escaped(topics.first!))" : ""
        let path = "/stats?format=json&include_clients=false&include_mem=false\(filter)"
        SideQuestion.ask(daemons, resolve: resolve, stop: opening.stop) { get in
            let found = ((try? AdminStatistics.parse(get(path) ?? [])) ?? []).filter { topics.contains($0.name) }
            for topic in found where isPaused(topic, channel) {
                opening.notices.warn("the channel \(channel) of the topic \(topic.name) is paused: nothing comes until somebody resumes it")
            }
            search.found(found.filter(\.channels.isEmpty))
        }
        return search
    }

    /// Gives the answers their last moment.
    func wait() { _ = Readiness.wait(for: 1, on: bell.descriptor, until: .after(Self.patience), stop: StopFlag()) }

    private init(_ channel: String, _ count: Int, _ notices: Notices) {
        counts = Mutex((count, [:]))
        (self.channel, self.notices) = (channel, notices)
    }

    /// Whether nsqd passes nothing on to the channel, or nothing from it.
    private static func isPaused(_ topic: AdminTopic, _ channel: String) -> Bool {
        topic.counts.paused > 0 || (topic.channel(channel)?.paused ?? 0) > 0
    }

    /// - Parameter topics: those without a channel.
    private func found(_ topics: [AdminTopic]) {
        let (isLast, totals) = counts.withLock { counts in
            counts.pending -= 1
            for topic in topics { counts.messages[topic.name, default: 0] &+= max(0, topic.counts.messages) }
            return (counts.pending == 0, counts.messages)
        }
        guard isLast else { return }
        defer { bell.ring() }
        for (topic, total) in totals.sorted(by: { $0.key < $1.key }) where total > 0 {
            let words = total == 1 ? "1 message that it has" : "\(Quantity.grouped(total)) messages that it has"
            notices.warn("the topic \(topic) had no channel yet: \(channel) is its first, and gets the \(words) kept until now")
        }
    }
}
