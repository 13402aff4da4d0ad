import MQCore

extension SendingCore {
    /// A receiver whose output pauses confirms nothing, and may have read everything all the same.
    private func isSurelyRead(_ peer: Peer, at now: UInt64) -> Bool {
        if peer.progress.taken != peer.session.receipts.taken || peer.progress.since == 0 {
            peer.progress = (peer.session.receipts.taken, now)
        }
        // A libzmq would lose what it has not read when its answer finds nobody.
        return peer.countsKept && now >= peer.progress.since + Self.pause && Unread.bytes(peer.descriptor) == 0
    }

    /// Whether the kernel is asked what a peer has read, at the end. A receiver that has had enough leaves without an answer to a PING.
    func asksKernel(_ peer: Peer) -> Bool { !peer.countsKept && (peer.isLocal || peer.session.receipts.trust == .none) }

    /// Whether an answer is awaited that may not come.
    var isPatient: Bool { fleet.ready.contains { $0.progress.since > 0 } }

    /// What is still missing: messages that nobody has, and peers that have not confirmed.
    func unfinished(at now: UInt64) -> (messages: Int, peer: Peer?, unread: Int) {
        var (messages, missing, unread) = (backlogMessages, Peer?.none, 0)
        for peer in fleet.ready where peer.output.given > 0 {
            fleet.write(peer)
            let receipts = peer.session.receipts
            if !peer.output.isWritten {
                messages += peer.output.unsentMessages
                missing = peer
                continue
            }
            if receipts.taken >= peer.output.given { continue }
            if asksKernel(peer) {
                if Unread.bytes(peer.descriptor) == 0 {
                    peer.surelyRead = peer.output.given
                    confirm(peer, upTo: peer.output.given)
                    continue
                }
            } else if isSurelyRead(peer, at: now) {
                continue
            } else if receipts.asked < peer.output.given {
                askReceipt(peer)
                fleet.write(peer)
            }
            unread += Int(peer.output.given - receipts.taken)
            missing = peer
        }
        return (messages, missing, unread)
    }
}
