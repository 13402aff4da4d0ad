extension Delivery {
    /// How patient and how strict a delivery is.
    public struct Limits {
        /// How long to wait for room or for a peer; `nil` is without end.
        public var timeout: Duration?
        /// What the queue or the other side refuses is left out; otherwise it is an error.
        public var skipsRefused = false
        /// Empty messages are left out where the sender takes none; otherwise they are an error.
        public var skipsEmpty = false
        /// When each message is due; `nil` is as fast as the queue takes them.
        public var pace: Pace?
        /// Where the sender's calls may be cut short: how often its progress is counted while it waits, and a wait in vain is said.
        /// Not for a sender that waits for answers.
        public var slice: Duration?
        /// What a message is called in an error; without it, errors name none.
        public var name: ((_ position: Int) -> String)?
        /// Whether what messages carry and the transport does not is said here.
        public var namesDropped = true
        /// Whether what the sender has taken counts as confirmed: of a transport that confirms nothing before its end.
        public var trustsTaken = false

        /// Waits without end, and any refusal is an error.
        public init() {}
    }

    /// How long a message that does not go at once is waited for.
    enum Patience {
        /// For the timeout, or to the deadline; in vain is an error.
        case bounded(by: Deadline?)
        case offering(until: Deadline)

        var deadline: Deadline? {
            switch self {
            case .bounded(let deadline): deadline
            case .offering(let deadline): deadline
            }
        }

        var isOffer: Bool { if case .offering = self { true } else { false } }
    }
}
