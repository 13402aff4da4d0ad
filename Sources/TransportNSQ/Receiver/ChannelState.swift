internal import MQCore

/// What an nsqd says of a channel.
enum ChannelState: Equatable {
    struct Figures: Equatable {
        /// Messages that nobody has been given, those included that the topic has not passed on yet.
        var waiting = 0
        /// What nsqd counts as given to us and not settled; `nil` when it does not tell which of its clients we are.
        var inFlight: Int?
        var isPaused = false
        /// Messages that were put back with a delay, and are not offered yet.
        var deferred = 0
    }

    case holds(Figures)
    /// The nsqd has no such topic or channel.
    case missing
    /// It accepts the question and does not answer.
    case silent
    /// Its HTTP port cannot be asked.
    case unavailable
}
