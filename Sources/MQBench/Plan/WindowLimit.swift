public import MQCore

/// How much may be under way at once in the throughput phase: sent and not received.
///
/// Without a bound a producer that is faster than the queue fills it, and what is measured is how the queue copes with its backlog.
public enum WindowLimit: Sendable, Equatable {
    /// 10,000 messages, or 16 MiB if that is less.
    case standard
    case messages(Int)
    /// What the queue itself takes.
    case none

    /// - Throws: `usage`.
    public init(parsing text: String) throws(TransportError) {
        if text == "none" {
            self = .none
        } else if let count = Quantity.integer(text), (1...1_000_000_000).contains(count) {
            self = .messages(count)
        } else {
            throw TransportError(
                .usage, "--window '\(text.printable)' is not a number of messages", hint: "1 to 1000000000, or none for no bound")
        }
    }

    /// The bound in messages of `size` bytes; `nil` for none.
    public func messages(of size: Int) -> Int? {
        switch self {
        case .standard: max(1, min(10_000, (16 << 20) / size))
        case .messages(let count): count
        case .none: nil
        }
    }

    /// As a plan says it.
    public var text: String {
        switch self {
        case .standard: "10000 messages or 16 MiB"
        case .messages(let count): Quantity.count(count, "message")
        case .none: "none"
        }
    }
}
