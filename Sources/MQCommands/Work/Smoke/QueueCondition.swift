import MQCore

/// What `mq wait` waits for.
enum QueueCondition: Sendable, Equatable {
    case up, exists, gone, empty, nonempty
    case number(QueueNumber)

    /// Those that are words.
    static let words = ["up", "exists", "gone", "empty", "nonempty"]

    /// - Parameter flag: as it was typed.
    /// - Throws: `usage` with the place of what is wrong.
    init(parsing text: String, _ flag: String) throws(TransportError) {
        switch text {
        case "up": self = .up
        case "exists": self = .exists
        case "gone": self = .gone
        case "empty": self = .empty
        case "nonempty": self = .nonempty
        default: self = .number(try QueueNumber(parsing: text, flag))
        }
    }

    /// Whether the queue is looked at, and not only who keeps it.
    var needsStatus: Bool { self != .up }

    /// Why it does not hold, in a few words; `nil` when it does.
    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `usage` when the queue has no such number.
    func obstacle(_ reading: QueueReading, now: Int64) throws(TransportError) -> String? {
        switch (self, reading) {
        case (.up, .answers), (.gone, .missing): return nil
        case (_, .missing(let error)), (_, .unknown(let error)): return error.message
        case (_, .answers): return nil
        case (.up, .status), (.exists, .status): return nil
        case (.gone, .status): return "it is there"
        case (.empty, .status(let status)):
            let kinds = Self.contents(status).filter { $0.count > 0 }
            return kinds.isEmpty ? nil : kinds.map { "\(Quantity.count($0.count, "message"))\($0.words)" }.joined(separator: ", ")
        case (.nonempty, .status(let status)):
            let kinds = Self.contents(status)
            if kinds[0].count > 0 { return nil }
            return kinds.dropFirst().first { $0.count > 0 }.map { "\(Quantity.count($0.count, "message"))\($0.words) only" } ?? "no message"
        case (.number(let number), .status(let status)):
            let (found, holds) = try number.look(at: status, now: now)
            return holds ? nil : found
        }
    }

    /// What is in a queue: to be received, in flight, held back. Of a topic, what its channels have, too.
    private static func contents(_ status: QueueStatus) -> [(count: Int, words: String)] {
        func count(_ keys: [String]) -> Int {
            let own = status.facts.filter { keys.contains($0.key) }.reduce(0) { $0 &+ ($1.value.integer ?? 0) }
            // The parts of what several brokers have say it once more: the most that one of them has is enough to know that it is not 0.
            return max(
                own,
                status.parts.map { part in
                    part.facts.filter { keys.contains($0.key) }.reduce(0) { $0 &+ ($1.value.integer ?? 0) }
                }.max() ?? 0)
        }
        return [
            (count(["messages", "channel_messages"]), ""), (count(["in_flight"]), " in flight"),
            (count(["delayed", "deferred"]), " held back"),
        ]
    }
}
