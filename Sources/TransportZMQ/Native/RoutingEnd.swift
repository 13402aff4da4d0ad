import MQCore
import ZMTP

/// The ROUTER of a proxy: knows its peers by the names that stand in front of their messages on the other side.
final class RoutingEnd: FleetOwner {
    unowned let fleet: Fleet
    let receiving: ReceivingCore
    private let settings: Settings
    private var names = PeerNames<Int>()
    private var peers: [Int: Peer] = [:]
    /// Whom the last reply was for: the next may be, too.
    private weak var last: Peer?

    /// With so many bytes unread by a peer, no more requests are taken from it.
    static let patience = 1 << 20

    init(_ fleet: Fleet, _ settings: Settings) { (self.fleet, self.settings, receiving) = (fleet, settings, ReceivingCore(fleet)) }

    /// Replies that peers wait for.
    var owedReplies: Int { fleet.ready.reduce(0) { $0 + $1.owedReplies } }

    func greeted(_ peer: Peer) {
        // A name that is taken, or that begins as those that are given here, would lead replies astray.
        let isUnfit = peer.identity.first == 0 || names.peer(named: peer.identity) != nil
        guard let name = names.admit(peer.token, identity: isUnfit ? [] : peer.identity) else { return }
        peer.path = ReturnPath(bytes: name, frames: [name.count])
        peers[peer.token] = peer
    }

    func lost(_ peer: Peer) {
        names.remove(peer.token)
        peers[peer.token] = nil
    }

    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) {}
    func attend() { receiving.attend() }

    /// Whether requests are taken from a peer now.
    func isListenedTo(_ peer: Peer) -> Bool { !peer.isGone && (peer.output.unsentBytes <= Self.patience || peer.hasHungUp) }

    /// A request without an empty frame asks for no reply.
    func took(hasPath: Bool, from peer: Peer) { if hasPath { peer.owedReplies += 1 } }

    /// Sends a message to the peer that its first frame names.
    /// - Returns: false when that has gone, or leaves too much unread.
    func route(_ body: UnsafeRawBufferPointer, frames: [Int]) -> Bool {
        let name = frames[0]
        guard frames.count > 1, let peer = receiver(named: UnsafeRawBufferPointer(rebasing: body[..<name])) else { return false }
        let rest = Array(frames[1...])
        peer.output.give(UnsafeRawBufferPointer(rebasing: body[name...]), frames: rest, behind: .none)
        if ReturnPath.end(in: rest) != nil { replied(to: peer) }
        return true
    }

    /// The same for the frames of a message as they came.
    func route(_ whole: FrameScanner.Whole, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard whole.hasRest, let peer = receiver(named: UnsafeRawBufferPointer(rebasing: bytes[whole.first])) else { return false }
        peer.output.give(message: UnsafeRawBufferPointer(rebasing: bytes[whole.first.upperBound..<whole.length]), behind: .none)
        if whole.hasPathBehindFirst { replied(to: peer) }
        return true
    }

    private func replied(to peer: Peer) { peer.owedReplies = max(0, peer.owedReplies - 1) }

    /// Who is called so, where there is room for more.
    private func receiver(named name: UnsafeRawBufferPointer) -> Peer? {
        if last?.path.bytes.elementsEqual(name) != true { last = names.peer(named: Array(name)).flatMap { peers[$0] } }
        guard let peer = last, !peer.isGone, !peer.hasHungUp, peer.output.isWritten || peer.output.unsentBytes < settings.buffer else {
            return nil
        }
        return peer
    }

    func writeAll() {
        for peer in fleet.ready where !peer.output.isWritten || peer.pong != nil { fleet.write(peer) }
    }
}
