/// Asks, and takes the replies: one request at a time.
public protocol Requester: AnyObject {
    /// Whether a peer was connected at any time.
    var hasMetPeer: Bool { get }

    /// Replies that were dropped: they came too late, or from a peer that was not asked.
    var strays: Int { get }

    /// Why a message cannot be a request; nothing is sent.
    func refusal(in batch: borrowing Batch, _ index: Int) -> TransportError?

    /// Gives a request to a peer. Replies to the one before are late from here on.
    /// - Parameter attempt: 0 for a new request; another number for the same once more, any of whose replies will do.
    /// - Returns: false when the deadline passed or the flag was raised while there was no peer to take it.
    func request(
        _ batch: borrowing Batch, _ index: Int, attempt: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Bool

    /// Appends the next reply to the request in hand.
    /// - Returns: `ended` when the peer that was asked has gone, and the reply with it.
    func reply(into batch: inout Batch, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Outcome

    /// Why there was no peer when `request` returned false.
    var obstacle: TransportError { get }
}
