/// What a ROUTER calls its peers (RFC 28): by the identity that a peer gives itself, or by a number where it gives none.
public struct PeerNames<Peer: Hashable & Sendable>: Sendable {
    private var peers: [[UInt8]: Peer] = [:]
    private var names: [Peer: [UInt8]] = [:]
    private var last: UInt32
    /// Peers that were not admitted.
    public private(set) var refusals = 0

    /// - Parameter first: the number before that of the first peer without an identity.
    public init(after first: UInt32 = .random(in: 0 ... .max)) { last = first }

    /// - Returns: what the peer is called from here on; `nil` when another has this identity.
    public mutating func admit(_ peer: Peer, identity: [UInt8]) -> [UInt8]? {
        var name = identity
        // Identities that begin with 0 are the router's to give.
        while name.isEmpty || (identity.isEmpty && peers[name] != nil) {
            last &+= 1
            name = [0] + withUnsafeBytes(of: last.bigEndian) { Array($0) }
        }
        guard peers[name] == nil else {
            refusals += 1
            return nil
        }
        (peers[name], names[peer]) = (peer, name)
        return name
    }

    /// The name is free again.
    public mutating func remove(_ peer: Peer) {
        if let name = names.removeValue(forKey: peer) { peers[name] = nil }
    }

    /// Who is called so.
    public func peer(named name: [UInt8]) -> Peer? { peers[name] }
}
