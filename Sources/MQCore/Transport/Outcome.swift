/// How a call of `Receiver.receive` ended.
public enum Outcome: Sendable, Equatable {
    /// At least one message was appended.
    case received
    /// Nothing came in time.
    case deadlinePassed
    /// The flag was raised.
    case stopped
    /// There will never be another.
    case ended
}
