import MQCore
import ZMTP

/// What a requester does with its connections, under the gate of their fleet.
final class RequestingCore: FleetOwner {
    private unowned let fleet: Fleet
    private let receiving: ReceivingCore
    private var inquiry: Inquiry
    private var turns = Turns<Int>()
    private var peersByToken: [Int: Peer] = [:]
    /// Who has the request in hand; `nil` once it has gone.
    private(set) var asked: Peer?
    /// Whether the request in hand had a reply, and whether it is given up.
    private var isAnswered = true
    /// Connections on which a request had no reply.
    private var unanswered: Set<Int> = []
    private(set) var strays = 0
    /// What came, until it is known what it is.
    private var scratch = Batch(byteCapacity: 1 << 12)

    /// More than any message has.
    private static let anyBytes = Int.max / 2

    init(_ fleet: Fleet, isNumbered: Bool) {
        self.fleet = fleet
        receiving = ReceivingCore(fleet)
        inquiry = Inquiry(isNumbered: isNumbered, after: .random(in: 0 ... .max), mayLackPath: fleet.settings.role == .dealer)
        scratch.wantsProperties = true
    }

    // MARK: FleetOwner

    func greeted(_ peer: Peer) {
        peersByToken[peer.token] = peer
        turns.add(peer.token)
    }

    func lost(_ peer: Peer) {
        peersByToken[peer.token] = nil
        unanswered.remove(peer.token)
        turns.remove(peer.token)
        if asked === peer { asked = nil }
    }

    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) {}
    func attend() { receiving.attend() }

    // MARK: Asking

    /// Gives a request to the peer whose turn it is.
    /// - Returns: false when there is none.
    func ask(_ batch: borrowing Batch, _ index: Int, isNew: Bool) -> Bool {
        giveUp()
        // What nobody has asked for must not be taken for the reply to what is asked now.
        strays += takeAll()
        guard let token = turns.take(where: { _ in true }), let peer = peersByToken[token] else { return false }
        if isNew { inquiry.begin() }
        let path = inquiry.path(to: Self.identity(peer))
        peer.output.give(batch.bytes(of: index), frames: batch.frames(of: index), behind: path)
        (asked, isAnswered) = (peer, false)
        fleet.write(peer)
        return true
    }

    /// The request in hand, if it had no reply, gets none any more.
    private func giveUp() {
        guard let peer = asked, !isAnswered else { return }
        isAnswered = true
        if inquiry.giveUp(isFirst: !unanswered.contains(peer.token)) {
            fleet.remove(peer)
        } else {
            unanswered.insert(peer.token)
        }
    }

    /// The same for every connection that is made to one endpoint.
    private static func identity(_ peer: Peer) -> Int { peer.dialer.map { -Int(bitPattern: ObjectIdentifier($0)) } ?? peer.token }

    private func takeAll() -> Int {
        var count = 0
        for peer in fleet.ready where peer.mayRead || !peer.input.isEmpty {
            count += receiving.take(from: peer, into: &scratch, limit: .max, byteLimit: Self.anyBytes)
            scratch.removeAll()
        }
        return count
    }

    // MARK: Replies

    /// Takes what came, up to the first reply; false when there is none.
    func takeReply(into batch: inout Batch) -> Bool {
        for peer in fleet.ready {
            while !peer.isGone, receiving.take(from: peer, into: &scratch, limit: 1, byteLimit: Self.anyBytes) > 0 {
                let isReply = peer === asked && accept(from: peer, into: &batch)
                scratch.removeAll()
                if isReply { return true }
                strays += 1
            }
        }
        return false
    }

    private func accept(from peer: Peer, into batch: inout Batch) -> Bool {
        let bytes = scratch.bytes(of: 0)
        let frames = scratch.properties(of: 0).frames ?? [bytes.count]
        guard case .reply(let skipped, let start) = inquiry.judge(isFirst: !unanswered.contains(peer.token), frames: frames, bytes) else {
            return false
        }
        isAnswered = true
        batch.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        batch.setFrames(frames[skipped...])
        return true
    }
}
