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
        let (peers, first) = (fleet.ready, sent - range.lowerBound)
        if !settings.drops && everybodyWantsAll {
            for peer in peers { put(batch, range.prefix(count), to: peer, floor: sent) }
            sent += count
            return count
        }
        var rooms = peers.map { room($0) }
        // Where a run of messages begins that each is given.
        var runs = [Int?](repeating: nil, count: peers.count)
        for index in range.prefix(count) {
            match(batch, index)
            for (place, peer) in peers.enumerated() {
                if wanted.contains(peer.number) != fleet.settings.isInverted {
                    if rooms[place] > 0 {
                        rooms[place] -= 1
                        if runs[place] == nil { runs[place] = index }
                        continue
                    }
                    dropped += 1
                }
                guard let start = runs[place] else { continue }
                put(batch, start..<index, to: peer, floor: first + start)
                runs[place] = nil
            }
        }
        for (place, peer) in peers.enumerated() {
            if let start = runs[place] { put(batch, start..<range.lowerBound + count, to: peer, floor: first + start) }
        }
        sent += count
        return count
    }

    /// Finds out who wants a message, by its first frame.
    private func match(_ batch: borrowing Batch, _ index: Int) {
        let body = batch.bytes(of: index)
        let topic = batch.frames(of: index)?.first
        wanted.removeAll()
        subscriptions.match(UnsafeRawBufferPointer(rebasing: body.prefix(topic ?? body.count)), into: &wanted)
    }

    private var everybodyWantsAll: Bool {
        if fleet.settings.isInverted { return false }
        wanted.removeAll()
        subscriptions.match(UnsafeRawBufferPointer(start: nil, count: 0), into: &wanted)
        return fleet.ready.allSatisfy { wanted.contains($0.number) }
    }
}
