import MQCore
import ZMTP

extension Fleet {
    /// Has an owner from here on, and somebody who looks after it while the owner is away.
    /// - Throws: `failure` where no thread can be had.
    func start(for owner: any FleetOwner) throws(TransportError) {
        self.owner = owner
        turn(until: .immediately)
        try Attendant.start(for: self)
    }

    /// A look by its owner, which leaves nothing to be done.
    func whileHere<Result>(_ body: () -> Result) -> Result {
        enter()
        defer { leave(hasWorked: false) }
        return body()
    }

    /// Why there is no peer, where none was ever met and something is known of it.
    var failure: TransportError? {
        guard handshakes == 0 else { return nil }
        return troubles.failure(peers.filter { $0.dialer != nil && $0.greeted == nil })
    }

    /// The most topics that one peer may ask for, and their bytes.
    private static let mostTopics = (count: 100_000, bytes: 16 << 20)

    /// Counts what a peer has asked for; one that asks for too much goes.
    func count(_ more: (count: Int, bytes: Int), ofTopicsOf peer: Peer) {
        peer.topics = (peer.topics.count + more.count, peer.topics.bytes + more.bytes)
        if peer.topics.count > Self.mostTopics.count || peer.topics.bytes > Self.mostTopics.bytes {
            let most = "\(Quantity.grouped(Self.mostTopics.count)) topics or \(Self.mostTopics.bytes >> 20) MiB of them"
            fail(
                peer,
                Failure(
                    .malformed, "subscribes to more than \(most), and is not let in (engine=libzmq has no limit)",
                    farewell: Command.error("too many subscriptions").frame))
        }
    }

    /// Lets a peer go that gives itself the identity of another. It may come back once that one has gone.
    func sendAway(_ peer: Peer, isFirst: Bool) {
        let sentence = "two peers call themselves '\(String(printing: peer.identity))': the second, at \(peer.endpoint), is not let in"
        if isFirst { notices.warn(sentence) } else { notices.detail(sentence) }
        // What it has sent already is read, and not taken.
        if peer.countsKept {
            peer.output.give(command: Session.kept(0))
            write(peer)
            peer.shutDown()
        }
        remove(peer)
    }

    /// Whether something waits to be written.
    var hasOutput: Bool { ready.contains { !$0.output.isWritten } }
}
