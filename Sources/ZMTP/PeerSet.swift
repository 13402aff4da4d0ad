/// Peers by their numbers, which are small: a bit for each.
public struct PeerSet: Sendable, Equatable {
    @usableFromInline var words: [UInt64] = []

    /// No peer.
    public init() {}

    /// These peers.
    public init(_ peers: some Sequence<Int>) {
        for peer in peers { insert(peer) }
    }

    /// Whether no peer is in it.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Whether the peer of that number is in it.
    @inlinable public func contains(_ peer: Int) -> Bool {
        peer >> 6 < words.count && words[peer >> 6] & 1 << UInt64(peer & 63) != 0
    }

    /// - Returns: whether it was not there before.
    @discardableResult
    public mutating func insert(_ peer: Int) -> Bool {
        while words.count <= peer >> 6 { words.append(0) }
        let isNew = !contains(peer)
        words[peer >> 6] |= 1 << UInt64(peer & 63)
        return isNew
    }

    /// - Returns: whether it was there.
    @discardableResult
    public mutating func remove(_ peer: Int) -> Bool {
        guard contains(peer) else { return false }
        words[peer >> 6] &= ~(1 << UInt64(peer & 63))
        while words.last == 0 { words.removeLast() }
        return true
    }

    /// Adds the peers of another set.
    @inlinable public mutating func formUnion(_ other: PeerSet) {
        while words.count < other.words.count { words.append(0) }
        for (place, word) in other.words.enumerated() { words[place] |= word }
    }

    /// Takes every peer out and keeps the memory.
    public mutating func removeAll() { words.removeAll(keepingCapacity: true) }
}
