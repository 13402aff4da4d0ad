import Glibc
import MQCore
import ZMTP

/// What becomes of one connection.
extension Fleet {
    /// Connections that were accepted and whose handshakes are not done.
    private static let mostUnfinished = 256
    /// Nobody goes for another before this, in nanoseconds: hundreds of peers may come at once when we appear. The second for those
    /// that have said something, and may be in the middle of more.
    private static let leastPatience: UInt64 = 20_000_000
    private static let patience: UInt64 = 1_000_000_000
    /// Nobody is accepted meanwhile, in nanoseconds: who waits in the kernel's queue loses nothing.
    static let pauseWhenFull: UInt64 = 5_000_000

    /// Lets one go that does not finish its handshake, where there are too many: the oldest, of those that never said anything if
    /// there are any.
    /// - Returns: whether another may be accepted.
    func makeRoom(at now: UInt64) -> Bool {
        guard peers.count - ready.count >= Self.mostUnfinished else { return true }
        func oldest(_ patience: UInt64, hasSpoken: Bool) -> Peer? {
            peers.first { $0.greeted == nil && $0.dialer == nil && $0.hasSpoken == hasSpoken && $0.patientSince + patience <= now }
        }
        while let peer = oldest(Self.leastPatience, hasSpoken: false) ?? oldest(Self.patience, hasSpoken: true) {
            let before = peer.heard
            hear(peer)
            if peer.greeted != nil || peer.isGone { return true }
            if peer.heard == before {
                remove(peer)
                return true
            }
            // One that goes on is given time.
            peer.patientSince = now
        }
        return false
    }

    /// Reads what a peer has sent of its handshake by now. A libzmq sends messages right behind its READY, which would be lost with
    /// the connection.
    func hear(_ peer: Peer) {
        peer.mayRead = true
        shake(peer)
    }

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
            notices(troubles.note(failure, ofEstablished: peer))
        }
        remove(peer)
        if let dialer = peer.dialer, failure.isFinal || (peer.greeted == nil && troubles.isHopeless(peer.endpoint)) { dialer.due = .max }
    }
}
