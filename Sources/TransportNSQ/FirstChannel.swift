internal import MQCore
internal import Synchronization

/// Tells the person when a receiver makes the first channel of a topic, which gets everything that the topic has kept until then; and when
/// the channel is paused, and gets nothing.
///
/// nsqd is asked beside the connecting; an answer that comes after we subscribed has our channel in it and says nothing. So it
/// is given two milliseconds before that, where somebody listens on its HTTP port.
final class FirstChannel: Sendable {
    private let counts: Mutex<(pending: Int, messages: Int)>
    private let topic: String
    private let channel: String
    private let notices: Notices
    private let bell = Bell()

    private static let patience = Duration.milliseconds(2)

    static func look(
        for topic: String, _ channel: String, on daemons: [Daemon], resolve: [String], _ opening: Opening
    ) -> FirstChannel? {
        if daemons.isEmpty { return nil }
        let search = FirstChannel(topic, channel, daemons.count, opening.notices)
        let path = "/stats?format=json&include_clients=false&include_mem=false&topic=\(LookupExchange.escaped(topic))"
        SideQuestion.ask(daemons, resolve: resolve, stop: opening.stop) { get in
            let answer = get(path) ?? []
            if Self.isPaused(topic, channel, answer) {
                opening.notices.warn("the channel \(channel) of the topic \(topic) is paused: nothing comes until somebody resumes it")
            }
            search.found(Self.kept(by: topic, answer))
        }
        return search
    }

    /// Gives the answers their last moment.
    func wait() { _ = Readiness.wait(for: 1, on: bell.descriptor, until: .after(Self.patience), stop: StopFlag()) }

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

    /// Whether nsqd passes nothing on to the channel, or nothing from it.
    static func isPaused(_ topic: String, _ channel: String, _ statistics: [UInt8]) -> Bool {
        guard let found = try? AdminStatistics.parse(statistics).first(where: { $0.name == topic }) else { return false }
        return found.counts.paused > 0 || (found.channel(channel)?.paused ?? 0) > 0
    }

    private func found(_ messages: Int) {
        let (isLast, total) = counts.withLock { counts in
            counts.pending -= 1
            counts.messages &+= messages
            return (counts.pending == 0, counts.messages)
        }
        guard isLast else { return }
        defer { bell.ring() }
        guard total > 0 else { return }
        let words = total == 1 ? "1 message that it has" : "\(Quantity.grouped(total)) messages that it has"
        notices.warn("the topic \(topic) had no channel yet: \(channel) is its first, and gets the \(words) kept until now")
    }
}
