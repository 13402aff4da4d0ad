public enum Outcome: Sendable, Equatable {
    /// At least one message was appended.
    case received
    case deadlinePassed
    case stopped
    /// There will never be another.
    case ended
}
