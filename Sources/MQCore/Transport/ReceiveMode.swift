/// What becomes of a message that a receiver hands over.
public enum ReceiveMode: Sendable {
    /// Takes messages from the queue.
    case consume
    /// Shows messages in their order and leaves them where they are; ends (`Outcome.ended`) behind the last.
    case peek
}
