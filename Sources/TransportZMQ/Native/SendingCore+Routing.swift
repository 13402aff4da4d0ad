import MQCore
import ZMTP

extension SendingCore {
    /// - Returns: whether no other peer has the name of this one.
    func admit(_ peer: Peer) -> Bool {
        guard let name = names.admit(peer.token, identity: peer.identity) else {
            fleet.sendAway(peer, isFirst: names.refusals == 1)
            return false
        }
        missing.came(name)
        return true
    }

    /// Gives each message to the peer that its first frame names, without that frame.
    func route(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        for index in range {
            guard let frames = batch.frames(of: index), let size = frames.first else { return index - range.lowerBound }
            let name = Array(batch.bytes(of: index)[..<size])
            guard let token = names.peer(named: name), let peer = subscribers[token] else {
                guard missing.isMissed(name) else { return index - range.lowerBound }
                reject(MissingPeers.error(name))
                continue
            }
            if room(peer) > 0 {
                if peer.floor == .max { peer.floor = sent }
                let rest = UnsafeRawBufferPointer(rebasing: batch.bytes(of: index)[size...])
                peer.output.give(rest, frames: frames.count == 2 ? nil : Array(frames[1...]), floor: sent)
                sent += 1
            } else if settings.drops {
                _ = drop(1)
            } else {
                return index - range.lowerBound
            }
        }
        return range.count
    }

    /// Counts the next message as sent, and as one that came to nobody.
    private func reject(_ error: TransportError) {
        rejections.append(Rejection(position: sent, error: error))
        sent += 1
    }

    /// What was rejected since the last call.
    func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        return rejections
    }
}
