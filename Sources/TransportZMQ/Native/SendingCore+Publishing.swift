import MQCore
import ZMTP

extension SendingCore {
    /// Gives each message to those who want it. Without `drop`, one that is at its mark holds up all.
    func publish(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        var count = settings.drops ? min(range.count, dropPortion) : range.count
        if !settings.drops {
            for peer in fleet.ready where peer.topics.count > 0 { count = min(count, room(peer)) }
        }
        guard count > 0 else { return 0 }
        // One who wants everything is given everything at once.
        if fleet.ready.count == 1 && !batch.hasProperties, let peer = fleet.ready.first, !settings.drops, wantsAll(peer) {
            if peer.floor == .max { peer.floor = sent }
            peer.output.give(batch, range.prefix(count), floor: sent)
            sent += count
            return count
        }
        var rooms: [Int: Int] = [:]
        for peer in fleet.ready { rooms[peer.token] = room(peer) }
        for index in range.prefix(count) {
            let frames = batch.hasProperties ? batch.properties(of: index).frames : nil
            let body = batch.bytes(of: index)
            wanted.removeAll()
            subscriptions.match(UnsafeRawBufferPointer(rebasing: body.prefix(frames?.first ?? body.count)), into: &wanted)
            for peer in fleet.ready where wanted.contains(peer.token) != fleet.settings.isInverted {
                if rooms[peer.token, default: 0] <= 0 {
                    dropped += 1
                    continue
                }
                put(batch, index, to: peer)
                rooms[peer.token]! -= 1
            }
            sent += 1
        }
        return count
    }

    private func wantsAll(_ peer: Peer) -> Bool {
        wanted.removeAll()
        subscriptions.match(UnsafeRawBufferPointer(start: nil, count: 0), into: &wanted)
        return wanted.contains(peer.token) != fleet.settings.isInverted
    }
}
