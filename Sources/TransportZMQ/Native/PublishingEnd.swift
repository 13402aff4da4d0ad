import MQCore
import ZMTP

/// The XPUB of a proxy: knows which topics somebody wants, and what changed of that.
final class PublishingEnd: FleetOwner {
    let sending: SendingCore
    /// The topics of each peer, and how many peers want each.
    private var topics: [Int: Set<[UInt8]>] = [:]
    private var wants: [[UInt8]: Int] = [:]
    /// Topics that are wanted by somebody now, or by nobody any more, since `takeChanges`.
    private var changes: [(topic: [UInt8], isWanted: Bool)] = []

    init(_ fleet: Fleet, _ settings: Settings) { sending = SendingCore(fleet, settings) }

    var topicCount: Int { wants.count }

    func takeChanges() -> [(topic: [UInt8], isWanted: Bool)] {
        if changes.isEmpty { return [] }
        defer { changes.removeAll(keepingCapacity: true) }
        return changes
    }

    func greeted(_ peer: Peer) { sending.greeted(peer) }
    func readable(_ peer: Peer) { sending.readable(peer) }
    func attend() { sending.attend() }

    func heard(_ peer: Peer, _ action: Session.Action) {
        let before = peer.topics.count
        sending.heard(peer, action)
        if peer.isGone || peer.topics.count == before { return }
        switch action {
        case .subscribe(let topic):
            topics[peer.token, default: []].insert(topic)
            add(topic)
        case .cancel(let topic):
            topics[peer.token]?.remove(topic)
            remove(topic)
        default: break
        }
    }

    func lost(_ peer: Peer) {
        sending.lost(peer)
        for topic in topics.removeValue(forKey: peer.token) ?? [] { remove(topic) }
    }

    private func add(_ topic: [UInt8]) {
        wants[topic, default: 0] += 1
        if wants[topic] == 1 { changes.append((topic, true)) }
    }

    private func remove(_ topic: [UInt8]) {
        guard let count = wants[topic] else { return }
        wants[topic] = count == 1 ? nil : count - 1
        if count == 1 { changes.append((topic, false)) }
    }
}
