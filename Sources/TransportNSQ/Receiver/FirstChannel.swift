internal import Glibc
internal import MQCore
internal import Synchronization

/// Tells the person when a receiver makes the first channel of a topic, which gets everything that the topic has kept until then; and when
/// the channel is paused, and gets nothing.
///
/// nsqd is asked beside the connecting; an answer that comes after we subscribed has our channel in it and says nothing. So it
/// is given two milliseconds before that, where somebody listens on its HTTP port.
final class FirstChannel: Sendable {
    private let counts: Mutex<(pending: Int, messages: [String: Int])>
    private let topics: Set<String>
    private let channel: String
    private let notices: Notices
    private let bell = Bell()
    /// The question to an nsqd of this machine, whose answer is there before a thread would have started.
    private let asked = Mutex<SideQuestion.Pending?>(nil)

    private static let patience = Duration.milliseconds(2)

    /// - Parameter topics: what is about to be subscribed to.
    static func look(
        for topics: Set<String>, _ channel: String, on daemons: [Daemon], resolve: [String], _ opening: Opening
    ) -> FirstChannel? {
        if daemons.isEmpty || topics.isEmpty { return nil }
        let search = FirstChannel(topics, channel, daemons.count, opening.notices)
        let filter = topics.count == 1 ? "&topic=\(LookupExchange.escaped(topics.first!))" : ""
        let path = "/stats?format=json&include_clients=false&include_mem=false\(filter)"
        if daemons.count == 1, resolve.isEmpty, let pending = SideQuestion.begin(path, of: daemons[0]) {
            search.asked.withLock { $0 = pending }
        } else {
            SideQuestion.ask(daemons, resolve: resolve, stop: opening.stop) { get in search.hear(get(path)) }
        }
        return search
    }

    /// Gives the answers their last moment.
    func wait() {
        guard let pending = asked.withLock({ $0.take() }) else {
            _ = Readiness.wait(for: Int32(POLLIN), on: bell.descriptor, until: .after(Self.patience), stop: StopFlag())
            return
        }
        if case .ready = Readiness.wait(for: Int32(POLLIN), on: pending.descriptor, until: .after(Self.patience), stop: StopFlag()) {
            hear(pending.answer(until: .after(Self.patience)))
        } else {
            // That the channel is paused is worth knowing later, too.
            BackgroundThread.startOrEnd("mq-nsq-ask") { [self] in hear(pending.answer(until: .after(.seconds(2)))) }
        }
    }

    private init(_ topics: Set<String>, _ channel: String, _ count: Int, _ notices: Notices) {
        counts = Mutex((count, [:]))
        (self.topics, self.channel, self.notices) = (topics, channel, notices)
    }

    /// - Parameter reply: what an nsqd says; `nil` when it says nothing.
    private func hear(_ reply: [UInt8]?) {
        let said = ((try? AdminStatistics.parse(reply ?? [])) ?? []).filter { topics.contains($0.name) }
        for topic in said where isPaused(topic) {
            notices.warn("the channel \(channel) of the topic \(topic.name) is paused: nothing comes until somebody resumes it")
        }
        found(said.filter(\.channels.isEmpty))
    }

    /// Whether nsqd passes nothing on to the channel, or nothing from it.
    private func isPaused(_ topic: AdminTopic) -> Bool { topic.counts.paused > 0 || (topic.channel(channel)?.paused ?? 0) > 0 }

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
