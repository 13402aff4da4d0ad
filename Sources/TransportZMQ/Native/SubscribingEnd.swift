import MQCore
import ZMTP

/// The XSUB of a proxy: asks every publisher for what somebody behind the proxy wants.
final class SubscribingEnd: FleetOwner {
    private unowned let fleet: Fleet
    let receiving: ReceivingCore
    private var topics: Set<[UInt8]> = []

    /// A publisher that leaves so many bytes unread gets no messages.
    private static let patience = 1 << 20

    init(_ fleet: Fleet) { (self.fleet, receiving) = (fleet, ReceivingCore(fleet)) }

    func greeted(_ peer: Peer) {
        for topic in topics { say(topic, isCancelled: false, to: peer) }
        fleet.write(peer)
    }

    /// Reading is for `receiving`, by and by.
    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) {}
    func lost(_ peer: Peer) {}
    func attend() { receiving.attend() }

    /// Tells every publisher of a change.
    func change(_ topic: [UInt8], isWanted: Bool) {
        guard isWanted ? topics.insert(topic).inserted : topics.remove(topic) != nil else { return }
        for peer in fleet.ready {
            say(topic, isCancelled: !isWanted, to: peer)
            fleet.write(peer)
        }
    }

    /// Gives messages to every publisher that hears messages: an XPUB does, and a PUB would keep them for ever.
    /// - Returns: how many were dropped, for publishers that do not read.
    func pass(_ batch: borrowing Batch) -> Int {
        var dropped = 0
        for peer in fleet.ready where peer.greeted?.role != .pub {
            for index in 0..<batch.count {
                guard peer.output.unsentBytes <= Self.patience else {
                    dropped += 1
                    continue
                }
                let frames = batch.frames(of: index)
                peer.output.give(batch.bytes(of: index), frames: frames, behind: .none)
            }
            fleet.write(peer)
        }
        return dropped
    }

    private func say(_ topic: [UInt8], isCancelled: Bool, to peer: Peer) {
        peer.output.give(command: Session.subscription(topic, isCancelled: isCancelled, minor: peer.greeted?.minor ?? 1))
    }
}
