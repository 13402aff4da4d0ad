/// A message that can never be sent.
public struct Refusal: Sendable {
    /// The index in the batch.
    public let index: Int
    public let error: TransportError
    public init(index: Int, error: TransportError) {
        self.index = index
        self.error = error
    }
}
