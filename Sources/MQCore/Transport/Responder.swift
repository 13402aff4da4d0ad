/// Takes requests, as a receiver takes messages, and answers them. `settle` ends a request, answered or not.
public protocol Responder: Receiver {
    /// Sends a message as the reply to the request at `position`, which must not be settled. Never waits: what a peer does not take at
    /// once is kept for it, and no more requests are taken from a peer for whom too much is kept.
    /// - Returns: false when whoever asked has gone.
    func reply(to position: Int, with batch: borrowing Batch, _ index: Int) throws(TransportError) -> Bool
}
