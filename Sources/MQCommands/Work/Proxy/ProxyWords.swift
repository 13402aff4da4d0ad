import MQCore
import Synchronization

/// What a proxy has moved, for its last line, SIGUSR1, the progress line and those who ask over HTTP.
struct ProxyWords: Sendable {
    let counters: RelayCounters
    /// `nil` where nothing is captured.
    let missed: MissedMessages?

    private var dropped: Int { counters.dropped.load(ordering: .relaxed) }
    private var topics: Int { counters.topics.load(ordering: .relaxed) }

    /// `front 1,204 (120 KB) 412k/s, back 1,203 (98 KB) 411k/s, 0 dropped in 00:01:12`.
    var line: String {
        var parts = ["front \(Self.words(counters.front))"]
        if counters.back.messages.load(ordering: .relaxed) > 0 { parts.append("back \(Self.words(counters.back))") }
        if topics > 0 { parts.append(Quantity.count(topics, "topic")) }
        parts.append("\(Quantity.grouped(dropped)) dropped")
        if let missed, missed.count > 0 { parts.append("\(Quantity.grouped(missed.count)) not captured") }
        return parts.joined(separator: ", ") + " in \(counters.front.elapsed)"
    }

    private static func words(_ side: Counters) -> String {
        let (count, seconds) = (side.messages.load(ordering: .relaxed), Double(Deadline.now() - side.start) / 1e9)
        let rate = Quantity.short(seconds > 0 ? Double(count) / seconds : 0)
        return "\(Quantity.grouped(count)) (\(Quantity.size(side.bytes.load(ordering: .relaxed)))) \(rate)/s"
    }

    var figures: [Figure] {
        let bytes = { (side: RelaySide) in
            Figure(
                "\(side.rawValue) bytes", counters[side].bytes.load(ordering: .relaxed),
                .event("Bytes of the messages that came in at the \(side.rawValue)."))
        }
        return [
            Figure("front", counters.front.messages.load(ordering: .relaxed)),
            Figure("back", counters.back.messages.load(ordering: .relaxed)), Figure("dropped", dropped),
            Figure("not captured", missed?.count ?? 0), bytes(.front), bytes(.back),
        ]
    }
}
