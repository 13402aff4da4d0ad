/// A message that the other side refused.
public struct Rejection: Sendable {
    /// Counted from 0, in order of sending.
    public let position: Int
    /// What the other side said.
    public let error: TransportError
    /// A rejection of the message at this position.
    public init(position: Int, error: TransportError) {
        self.position = position
        self.error = error
    }
}
