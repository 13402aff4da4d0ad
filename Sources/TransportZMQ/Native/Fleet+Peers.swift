import Glibc
import MQCore
import ZMTP

/// What becomes of one connection.
extension Fleet {
    /// Goes on with a handshake.
    func shake(_ peer: Peer) {
        _ = peer.write()
        while peer.greeted == nil {
            let reading = peer.read()
            let now = Deadline.now()
            if reading == .bytes { obey(peer, at: now) }
            if peer.isGone || reading == .blocked { return }
            if reading == .ended {
                let failure = peer.session.ended(peer.input.unread) ?? Failure(.closed, "hung up")
                return fail(peer, failure, at: now)
            }
        }
        // What came with the end of the handshake.
        if !peer.input.isEmpty || peer.mayRead { owner?.readable(peer) }
    }

    /// Writes what waits; a connection that is broken shows in what is read of it.
    func write(_ peer: Peer) {
        if peer.write() == .broken { (peer.mayRead, peer.hasHungUp, peer.mayWrite) = (true, true, false) }
    }

    /// Ends a connection that cannot go on, and says why.
    func fail(_ peer: Peer, _ failure: Failure, at now: UInt64 = Deadline.now()) {
        if !failure.farewell.isEmpty {
            _ = failure.farewell.withUnsafeBytes { send(peer.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        }
        if peer.greeted == nil {
            if let notice = troubles.note(failure, of: peer) { notices(notice) }
        } else {
            notices(.connection(peer.event(.disconnected, isWarning: true, "the peer at \(peer.endpoint) \(failure.sentence)")))
        }
        remove(peer)
        if let dialer = peer.dialer, failure.isFinal || (peer.greeted == nil && troubles.isHopeless(peer.endpoint)) { dialer.due = .max }
    }
}
