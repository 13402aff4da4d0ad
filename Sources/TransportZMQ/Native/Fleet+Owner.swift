import MQCore

extension Fleet {
    /// Has an owner from here on, and somebody who looks after it while the owner is away.
    /// - Throws: `failure` where no thread can be had.
    func start(for owner: any FleetOwner) throws(TransportError) {
        self.owner = owner
        turn(until: .immediately)
        try Attendant.start(for: self)
    }

    /// Why there is no peer, where none was ever met and something is known of it.
    var failure: TransportError? {
        guard handshakes == 0 else { return nil }
        return troubles.failure(peers.filter { $0.dialer != nil && $0.greeted == nil })
    }

    /// Whether something waits to be written.
    var hasOutput: Bool { ready.contains { !$0.output.isWritten } }
}
