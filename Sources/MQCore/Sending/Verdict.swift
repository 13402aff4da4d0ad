/// What became of messages: the one answer between those who take messages, those who work on them and those who send them on.
public struct Verdict: Sendable {
    public enum Fate: Sendable {
        /// Confirmed, as far as the transport can tell, or left out because that was asked for.
        case done
        /// To be tried once more, not before the time is over.
        case again(after: Duration)
        /// Never to be accepted as it is, and why.
        case refused(TransportError)
    }

    /// Counted from 0 in the order of handing over.
    public var positions: Range<Int>
    public var fate: Fate

    public init(_ positions: Range<Int>, _ fate: Fate) {
        self.positions = positions
        self.fate = fate
    }
}
