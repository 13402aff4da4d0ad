/// What a receiver tells the queue about messages that it took.
public enum Settlement: Sendable, Equatable {
    /// Done with: the queue may forget them.
    case acknowledge
    /// To be delivered again, not before this time has passed.
    case requeue(after: Duration)
}
