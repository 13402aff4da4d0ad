/// Whose turn it is, message by message: among receivers with room, or among senders that have something.
public struct Turns<Peer: Equatable & Sendable>: Sendable {
    /// In the order of their turns.
    public private(set) var peers: [Peer] = []
    private var next = 0

    /// Nobody takes part.
    public init() {}

    /// Lets a peer take part, behind all others.
    public mutating func add(_ peer: Peer) { peers.append(peer) }

    /// Those behind the one that goes move up, and none loses its turn.
    public mutating func remove(_ peer: Peer) {
        guard let place = peers.firstIndex(of: peer) else { return }
        peers.remove(at: place)
        if place < next { next -= 1 }
        if next >= peers.count { next = 0 }
    }

    /// The next that `isAble`; the turn then is the one's behind it.
    public mutating func take(where isAble: (Peer) -> Bool) -> Peer? {
        for step in 0..<peers.count {
            var place = next + step
            if place >= peers.count { place -= peers.count }
            guard isAble(peers[place]) else { continue }
            next = place + 1 == peers.count ? 0 : place + 1
            return peers[place]
        }
        return nil
    }
}
