import MQCore
import ZMTP

extension SendingCore {
    func readable(_ peer: Peer) {
        // What it sends beside commands is for nobody.
        listen(to: peer) { messages in
            unheard += messages.count
            return true
        }
    }

    /// Reads what a peer has to say.
    /// - Parameter take: is given messages, and returns whether more are to be read now.
    func listen(to peer: Peer, _ take: (inout Batch) -> Bool) {
        while !peer.isGone {
            if !peer.input.isEmpty {
                let before = peer.input.unread.count
                fleet.obey(peer)
                if peer.isGone { return }
                let (consumed, _, stop) = peer.scanner.scan(peer.input.unread, into: &scratch, limit: .max, byteLimit: .max)
                peer.input.consume(consumed)
                let goesOn = take(&scratch)
                scratch.removeAll()
                if peer.isGone || !goesOn { return }
                if case .malformed(let words) = stop { return fleet.fail(peer, Failure(.malformed, "sent what cannot be taken: \(words)")) }
                if peer.input.unread.count < before { continue }
            }
            switch peer.read() {
            case .bytes: continue
            case .blocked: return
            case .ended: return fleet.remove(peer)
            }
        }
    }
}
