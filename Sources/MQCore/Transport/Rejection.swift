/// A message that the other side refused.
public struct Rejection: Sendable {
    /// Counted from 0, in order of sending.
    public let position: Int
    public let error: TransportError
    public init(position: Int, error: TransportError) {
        self.position = position
        self.error = error
    }
}
