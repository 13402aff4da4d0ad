/// What became of messages: the one answer between those who take messages, those who work on them and those who send them on. Each
/// message that was begun gets one, in any order.
public struct Verdict: Sendable {
    /// Where a message goes from here.
    public enum Fate: Sendable {
        /// Safe elsewhere, or left out because that was asked for: whoever handed it over may forget it.
        case done
        /// To be tried again, after a time that belongs to this message; `nil` leaves the time to the number of its attempts.
        case again(after: Duration?)
        /// Trying again is of no use: it goes where dead letters go.
        case refused(TransportError)
        /// Untouched, and nothing more is to be taken: the program ends with this error.
        case stop(TransportError)
    }

    /// Counted from 0 in the order in which the receiver, or whoever sends, handed messages over.
    public var positions: Range<Int>
    /// The same for all of `positions`.
    public var fate: Fate
    /// What was wrong, for a message that is tried again or refused.
    public var reason: Reason?

    /// One verdict on neighbouring messages.
    public init(_ positions: Range<Int>, _ fate: Fate, because reason: Reason? = nil) {
        self.positions = positions
        self.fate = fate
        self.reason = reason
    }
}
