public enum Settlement: Sendable, Equatable {
    case acknowledge
    case requeue(after: Duration)
}
