import MQCore

/// What became of messages. Each message that was begun gets one, in any order.
struct Verdict {
    enum Fate {
        /// Safe elsewhere: the queue may forget it.
        case done
        /// To be tried again, after a time that belongs to this message; `nil` leaves the time to the number of its attempts.
        case again(after: Duration?)
        /// Trying again is of no use: it goes where dead letters go.
        case refused(TransportError)
        /// Untouched, and nothing more is to be taken: the program ends with this error.
        case stop(TransportError)
    }

    /// By position, counted from 0 in the order in which the receiver handed messages over.
    var positions: Range<Int>
    var fate: Fate
}
