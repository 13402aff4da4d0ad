/// A message that can never be sent.
public struct Refusal: Sendable {
    /// The index in the batch.
    public let index: Int
    /// Why: `unsendable` for instance.
    public let error: TransportError
    /// A refusal of the message at this index of a batch.
    public init(index: Int, error: TransportError) {
        self.index = index
        self.error = error
    }
}
