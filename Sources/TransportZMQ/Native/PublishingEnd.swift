import MQCore
import ZMTP

/// The XPUB of a proxy: knows which topics somebody wants, what changed of that, and what subscribers say beside it.
final class PublishingEnd: FleetOwner {
    let sending: SendingCore
    /// The topics of each peer, and how many peers want each.
    private var topics: [Int: Set<[UInt8]>] = [:]
    private var wants: [[UInt8]: Int] = [:]
    /// Topics that are wanted by somebody now, or by nobody any more, since `takeChanges`.
    private var changes: [(topic: [UInt8], isWanted: Bool)] = []

    /// Messages that are no subscriptions, for the publishers; and whether there may be more.
    private(set) var upstream = Batch()
    private var isFull = false
    private unowned let fleet: Fleet

    /// With so many bytes of them, no more are read before they have gone on.
    private static let most = 64 << 10

    init(_ fleet: Fleet, _ settings: Settings) {
        (self.fleet, sending) = (fleet, SendingCore(fleet, settings))
        upstream.wantsProperties = true
    }

    var topicCount: Int { wants.count }

    /// The messages have gone on: there is room for others.
    func emptyUpstream() {
        upstream.removeAll()
        guard isFull else { return }
        isFull = false
        for peer in fleet.ready where peer.mayRead || !peer.input.isEmpty { readable(peer) }
    }

    func takeChanges() -> [(topic: [UInt8], isWanted: Bool)] {
        if changes.isEmpty { return [] }
        defer { changes.removeAll(keepingCapacity: true) }
        return changes
    }

    func greeted(_ peer: Peer) { sending.greeted(peer) }
    func attend() { sending.attend() }

    func readable(_ peer: Peer) {
        if isFull { return }
        sending.listen(to: peer) { messages in
            for index in 0..<messages.count where !peer.isGone { hear(messages, index, from: peer) }
            isFull = upstream.byteCount >= Self.most
            return !isFull
        }
    }

    /// Subscriptions may come as messages (ZMTP 3.0).
    private func hear(_ batch: borrowing Batch, _ index: Int, from peer: Peer) {
        let (body, frames) = (batch.bytes(of: index), batch.frames(of: index))
        if frames == nil, let first = body.first, first <= 1 {
            let topic = Array(body.dropFirst())
            return heard(peer, first == 1 ? .subscribe(topic) : .cancel(topic))
        }
        upstream.append(body)
        if let frames { upstream.setFrames(frames[...]) }
    }

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
