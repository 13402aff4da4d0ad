import MQCore
import ZMTP

/// What a responder does with its connections, under the gate of their fleet.
final class ReplyingCore: FleetOwner {
    /// Where a reply goes.
    private struct Way {
        let peer: Peer
        let path: ReturnPath
    }

    private unowned let fleet: Fleet
    private let receiving: ReceivingCore
    private(set) var handedOver = 0
    /// Messages that were no requests, and dropped.
    private(set) var malformed = 0
    private var ways: [Int: Way] = [:]
    /// Whose turn is next.
    private var next = 0
    private var scratch = Batch(byteCapacity: 1 << 12)

    /// With so many bytes unread by a peer, no more requests are taken from it.
    private static let patience = 1 << 20

    init(_ fleet: Fleet) {
        self.fleet = fleet
        receiving = ReceivingCore(fleet)
        scratch.wantsProperties = true
    }

    // MARK: FleetOwner

    func greeted(_ peer: Peer) {}
    func lost(_ peer: Peer) {}
    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) {}
    func attend() { receiving.attend() }

    /// Whether something may be there to be taken, as far as is known without asking the kernel.
    var hasNews: Bool { fleet.ready.contains { $0.mayRead || !$0.input.isEmpty } }

    // MARK: Requests

    /// Takes requests that are there, one from each peer in turn; false when there are none.
    func take(into batch: inout Batch, limit: Int, byteLimit: Int) -> Bool {
        let (most, start) = (batch.byteCount + byteLimit, handedOver)
        var isNews = true
        while isNews && handedOver - start < limit && batch.byteCount < most {
            isNews = false
            let (peers, first) = (fleet.ready, next)
            for step in peers.indices where handedOver - start < limit && batch.byteCount < most {
                let peer = peers[(first + step) % peers.count]
                next = (first + step + 1) % peers.count
                if peer.isGone || (peer.output.unsentBytes > Self.patience && !peer.hasHungUp) { continue }
                guard receiving.take(from: peer, into: &scratch, limit: 1, byteLimit: most) > 0 else { continue }
                isNews = true
                accept(from: peer, into: &batch)
                scratch.removeAll()
            }
        }
        return handedOver > start
    }

    private func accept(from peer: Peer, into batch: inout Batch) {
        let bytes = scratch.bytes(of: 0)
        let frames = scratch.properties(of: 0).frames
        var (path, body, bodyFrames) = (ReturnPath.none, bytes, frames?[...])
        if let frames, let end = ReturnPath.end(in: frames) {
            path = ReturnPath(bytes: Array(bytes[..<end.bytes]), frames: Array(frames[..<end.frames]))
            body = UnsafeRawBufferPointer(rebasing: bytes[end.bytes...])
            bodyFrames = frames[end.frames...]
        } else if fleet.settings.role == .rep {
            malformed += 1
            return
        }
        batch.append(body)
        if let bodyFrames { batch.setFrames(bodyFrames) }
        ways[handedOver] = Way(peer: peer, path: path)
        handedOver += 1
    }

    // MARK: Replies

    func reply(to position: Int, with body: UnsafeRawBufferPointer, frames: [Int]?) -> Bool {
        guard let way = ways[position], !way.peer.isGone, !way.peer.hasHungUp else { return false }
        way.peer.output.give(body, frames: frames, behind: way.path)
        fleet.write(way.peer)
        return !way.peer.isGone
    }

    func forget(_ positions: Range<Int>) { for position in positions { ways[position] = nil } }

    // MARK: The end

    /// Has every peer read what it was sent, as far as it does so in time.
    func leave(until deadline: Deadline) {
        ways = [:]
        fleet.closeListeners()
        while fleet.hasOutput, !deadline.hasPassed { _ = fleet.turn(until: deadline) }
        // A connection that is closed with input unread is reset, and a reset overtakes what was said.
        for peer in fleet.ready where peer.output.given > 0 && !peer.hasHungUp { peer.shutDown(until: deadline) }
    }
}
