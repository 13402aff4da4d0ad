import ZMTP

/// The sender or the receiver behind a fleet. Whoever holds the fleet's gate calls it.
protocol FleetOwner: AnyObject {
    /// A handshake is done.
    func greeted(_ peer: Peer)
    /// A peer can be read from.
    func readable(_ peer: Peer)
    /// A peer has said something behind its handshake.
    func heard(_ peer: Peer, _ action: Session.Action)
    /// A peer whose handshake was done is gone.
    func lost(_ peer: Peer)
    /// Does what is due while the owner is away.
    func attend()
}
