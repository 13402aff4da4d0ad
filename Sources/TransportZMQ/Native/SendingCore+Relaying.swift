import MQCore
import ZMTP

extension SendingCore {
    /// How many messages the peers can be given now; none where they would have to wait for a peer.
    var roomNow: Int {
        if settings.type.publishes {
            if settings.drops { return .max }
            var least = Int.max
            for peer in fleet.ready where peer.topics.count > 0 { least = min(least, room(peer)) }
            return least
        }
        handBacklog()
        guard backlogMessages == 0 else { return 0 }
        var sum = 0
        for peer in fleet.ready {
            let (total, isMore) = sum.addingReportingOverflow(room(peer))
            if isMore { return .max }
            sum = total
        }
        return sum
    }

    /// Gives one message to the peer whose turn it is, with frames in front of its own. What is given is written by `writeAll`.
    /// - Returns: false when no peer has room.
    func give(_ body: UnsafeRawBufferPointer, frames: [Int]?, behind path: ReturnPath) -> Bool {
        giveNext { $0.output.give(body, frames: frames, behind: path) }
    }

    /// The same for the frames of a message as they came.
    func give(message frames: UnsafeRawBufferPointer, behind path: ReturnPath) -> Bool {
        giveNext { $0.output.give(message: frames, behind: path) }
    }

    private func giveNext(_ give: (Peer) -> Void) -> Bool {
        guard let peer = nextWithRoom else { return false }
        if peer.floor == .max { peer.floor = sent }
        give(peer)
        sent += 1
        return true
    }

    private var nextWithRoom: Peer? {
        if fleet.ready.count == 1, let peer = fleet.ready.first { return room(peer) > 0 ? peer : nil }
        return turns.take(where: { subscribers[$0].map { room($0) > 0 } ?? false }).flatMap { subscribers[$0] }
    }

    func writeAll() {
        for peer in fleet.ready {
            if peer.output.bytesSinceReceipt >= Self.receiptInterval { askReceipt(peer) }
            if !peer.output.isWritten || peer.pong != nil { fleet.write(peer) }
        }
    }
}
