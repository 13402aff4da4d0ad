import MQCore
import ZMTP

/// The ROUTER of a proxy: knows its peers by the names that stand in front of their messages on the other side.
final class RoutingEnd: FleetOwner {
    unowned let fleet: Fleet
    let receiving: ReceivingCore
    private let settings: Settings
    private var names = PeerNames<Int>()
    private var peers: [Int: (peer: Peer, name: ReturnPath)] = [:]
    /// Requests that wait for a reply, by peer; those without an empty frame ask for none.
    private var owed: [Int: Int] = [:]

    /// With so many bytes unread by a peer, no more requests are taken from it.
    static let patience = 1 << 20

    init(_ fleet: Fleet, _ settings: Settings) { (self.fleet, self.settings, receiving) = (fleet, settings, ReceivingCore(fleet)) }

    /// Replies that peers wait for.
    var owedReplies: Int { owed.values.reduce(0, +) }

    func greeted(_ peer: Peer) {
        // A name that is taken, or that begins as those that are given here, would lead replies astray.
        let isUnfit = peer.identity.first == 0 || names.peer(named: peer.identity) != nil
        guard let name = names.admit(peer.token, identity: isUnfit ? [] : peer.identity) else { return }
        peers[peer.token] = (peer, ReturnPath(bytes: name, frames: [name.count]))
    }

    func lost(_ peer: Peer) {
        names.remove(peer.token)
        peers[peer.token] = nil
        owed[peer.token] = nil
    }

    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) {}
    func attend() { receiving.attend() }

    /// Whether requests are taken from a peer now.
    func isListenedTo(_ peer: Peer) -> Bool { !peer.isGone && (peer.output.unsentBytes <= Self.patience || peer.hasHungUp) }

    /// What stands in front of a peer's message on the other side.
    func name(of peer: Peer) -> ReturnPath { peers[peer.token]?.name ?? .none }

    func took(_ frames: [Int]?, from peer: Peer) {
        if let frames, ReturnPath.end(in: frames) != nil { owed[peer.token, default: 0] += 1 }
    }

    /// Sends a message to the peer that its first frame names.
    /// - Returns: false when that has gone, or leaves too much unread.
    func route(_ body: UnsafeRawBufferPointer, frames: [Int]) -> Bool {
        let name = frames[0]
        guard frames.count > 1, let token = names.peer(named: Array(body[..<name])), let peer = peers[token]?.peer, !peer.isGone,
            !peer.hasHungUp,
            peer.output.isWritten || peer.output.unsentBytes < settings.buffer
        else { return false }
        let rest = Array(frames[1...])
        peer.output.give(UnsafeRawBufferPointer(rebasing: body[name...]), frames: rest, behind: .none)
        if let count = owed[peer.token], ReturnPath.end(in: rest) != nil { owed[peer.token] = count > 1 ? count - 1 : nil }
        return true
    }

    func writeAll() {
        for peer in fleet.ready where !peer.output.isWritten || peer.pong != nil { fleet.write(peer) }
    }
}
