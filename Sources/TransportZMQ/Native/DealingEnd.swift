import MQCore
import ZMTP

/// The DEALER of a proxy: gives each message to one peer, and is read from as well.
final class DealingEnd: FleetOwner {
    let sending: SendingCore
    let receiving: ReceivingCore

    init(_ fleet: Fleet, _ settings: Settings) { (sending, receiving) = (SendingCore(fleet, settings), ReceivingCore(fleet)) }

    func greeted(_ peer: Peer) { sending.greeted(peer) }
    /// Reading is for `receiving`, by and by.
    func readable(_ peer: Peer) {}
    func heard(_ peer: Peer, _ action: Session.Action) { sending.heard(peer, action) }
    func lost(_ peer: Peer) { sending.lost(peer) }

    func attend() {
        receiving.attend()
        sending.attend()
    }
}
