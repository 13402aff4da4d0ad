import Glibc
import MQCore
import ZMTP

/// What a sender does with its connections, under the gate of their fleet.
final class SendingCore: FleetOwner {
    unowned let fleet: Fleet
    let settings: Settings
    var limit: MessageLimit
    /// Messages accepted so far, and those that were dropped for a peer at its mark.
    var sent = 0
    var dropped = 0
    /// Messages that nobody has: returned by a peer that left without them, or accepted while there was none.
    private var backlog: [FrameBlock] = []
    var turns = Turns<Int>()
    var subscriptions = SubscriptionTree()
    var subscribers: [Int: Peer] = [:]
    var wanted = PeerSet()
    /// Messages of which only the peer knows whether it has read them, and where it was.
    private(set) var inDoubt = 0
    private(set) var lossy: String?
    /// Of a ROUTER: who is called what, and who was waited for in vain.
    var names = PeerNames<Int>()
    var missing = MissingPeers()
    var rejections: [Rejection] = []
    /// Messages from peers, which nobody reads.
    var unheard = 0
    var scratch = Batch(byteCapacity: 256)

    /// How long a peer may leave a receipt out, in nanoseconds, before it counts what its kernel says.
    static let pause: UInt64 = 250_000_000
    /// A receipt is asked for after so many bytes.
    static let receiptInterval = 256 << 10
    init(_ fleet: Fleet, _ settings: Settings) {
        (self.fleet, self.settings) = (fleet, settings)
        limit = MessageLimit(most: settings.sendLimit, bytes: settings.buffer)
        scratch.wantsProperties = true
    }

    private var publishes: Bool { settings.type.sendsToAll }
    private var routes: Bool { settings.type == .router }

    /// Peers that a first message waits for: those who want messages.
    var peersThere: Int { publishes ? fleet.ready.count { $0.topics.count > 0 } : fleet.ready.count }

    // MARK: FleetOwner

    func greeted(_ peer: Peer) {
        // What a peer has by its name is for nobody else.
        peer.output.retains = !publishes && !routes && (peer.countsKept || settings.resends)
        subscribers[peer.token] = peer
        if publishes { peer.number = subscriptions.admit() }
        if routes, !admit(peer) { return }
        // An XSUB's messages are for every publisher.
        if settings.type == .xsub { subscribe(peer, []) }
        if !publishes && !routes { turns.add(peer.token) }
        // Whether it gives receipts at all.
        askReceipt(peer)
        handBacklog()
        fleet.write(peer)
    }

    func heard(_ peer: Peer, _ action: Session.Action) {
        switch action {
        case .receipt(let count): confirm(peer, upTo: count)
        case .subscribe(let topic): subscribe(peer, topic)
        case .cancel(let topic):
            if subscriptions.cancel(topic, peer.number) { fleet.count((-1, -topic.count), ofTopicsOf: peer) }
        case .kept(let count):
            // It leaves, and has said what it has of all that it was sent.
            confirm(peer, upTo: count)
            if routes { giveUp(peer, kept: count) } else { takeBack(peer, from: count) }
            fleet.remove(peer)
        default: break
        }
    }

    private func subscribe(_ peer: Peer, _ topic: [UInt8]) {
        if subscriptions.subscribe(topic, peer.number) { fleet.count((1, topic.count), ofTopicsOf: peer) }
    }

    func lost(_ peer: Peer) {
        subscribers[peer.token] = nil
        if publishes {
            subscriptions.remove(peer.number, hasAny: peer.topics.count > 0)
        } else if routes {
            names.remove(peer.token)
            giveUp(peer)
        } else {
            turns.remove(peer.token)
            takeBack(peer)
            handBacklog()
        }
    }

    func attend() {
        handBacklog()
        for peer in fleet.ready {
            // Messages that came to rest are asked about, too.
            if peer.output.given > peer.session.receipts.asked { askReceipt(peer) }
            fleet.write(peer)
        }
    }

    // MARK: Receipts

    func askReceipt(_ peer: Peer) {
        if peer.session.receipts.trust == .none && !peer.countsKept {
            // It never says what it takes.
            if peer.output.retains { peer.output.stopRetaining() }
            return peer.output.noteReceipt()
        }
        peer.output.give(command: peer.session.ping(after: peer.output.given, at: Deadline.now()))
        peer.output.noteReceipt()
        peer.marks.append((peer.output.given, sent))
        fleet.note(peer)
    }

    func confirm(_ peer: Peer, upTo count: UInt64) {
        peer.output.release(upTo: count)
        while let mark = peer.marks.first, mark.messages <= count {
            peer.floor = mark.messages == peer.output.given ? .max : mark.floor
            peer.marks.removeFirst()
        }
        if count >= peer.output.given { peer.floor = .max }
    }

    /// Takes what a peer has not got away from it, for the next.
    /// - Parameter kept: how many it has, where it has said so.
    private func takeBack(_ peer: Peer, from kept: UInt64? = nil) {
        guard peer.output.given > 0, !peer.isSettled else { return }
        peer.isSettled = true
        let written = peer.output.written
        let taken = peer.readAll ? written : max(peer.session.receipts.taken, peer.surelyRead)
        let isRepeated = settings.resends && peer.output.retains
        if kept == nil, !isRepeated, written > taken { doubt(peer, taken, written) }
        // In front of what was accepted later.
        backlog.insert(contentsOf: peer.output.takeBack(from: kept ?? (isRepeated ? taken : written)), at: 0)
        peer.floor = .max
    }

    /// What a peer was given and did not take is for nobody else.
    private func giveUp(_ peer: Peer, kept: UInt64? = nil) {
        guard peer.output.given > 0, !peer.isSettled else { return }
        peer.isSettled = true
        let taken = kept ?? (peer.readAll ? peer.output.given : max(peer.session.receipts.taken, peer.surelyRead))
        if peer.output.given > taken { doubt(peer, taken, peer.output.given) }
        peer.floor = .max
    }

    /// Counts what a peer that has gone may not have read.
    private func doubt(_ peer: Peer, _ taken: UInt64, _ written: UInt64) {
        inDoubt += Int(written - taken)
        doubtFloor = min(doubtFloor, peer.floor)
        lossy = peer.endpoint
        tell(peer, taken, written)
    }

    private func tell(_ peer: Peer, _ taken: UInt64, _ written: UInt64) {
        fleet.notices.detail(
            "the peer at \(peer.endpoint) left: at least \(Quantity.grouped(Int(taken))), at most \(Quantity.grouped(Int(written))) of its "
                + "\(Quantity.grouped(Int(peer.output.given))) messages were read")
    }

    /// Every message below is confirmed.
    var confirmed: Int {
        if inDoubt > 0 { return min(doubtFloor, lowest) }
        return lowest
    }
    private var doubtFloor = Int.max

    private var lowest: Int {
        var lowest = sent
        for block in backlog { lowest = min(lowest, block.floor) }
        for peer in fleet.ready { lowest = min(lowest, peer.floor) }
        return lowest
    }

    // MARK: Giving

    var mark: Int { limit.current == 0 ? .max : limit.current }

    /// How many messages a peer may be given now.
    func room(_ peer: Peer) -> Int {
        if peer.output.isWritten { return mark }
        if peer.output.unsentBytes >= settings.buffer { return 0 }
        return max(0, mark - peer.output.unsentMessages)
    }

    /// Whether every peer has a block or more to be written to it.
    var isAhead: Bool { !fleet.ready.isEmpty && fleet.ready.allSatisfy { $0.output.unsentBytes >= FrameBlock.standard } }

    func handBacklog() {
        while let block = backlog.first {
            guard let token = turns.take(where: { subscribers[$0].map { room($0) > 0 } ?? false }), let peer = subscribers[token] else {
                return
            }
            backlog.removeFirst()
            peer.floor = min(peer.floor, block.floor)
            peer.output.adopt(block)
            fleet.write(peer)
        }
    }

    var backlogMessages: Int { backlog.reduce(0) { $0 + $1.messages } }

    /// Gives messages to peers with room, as many as they take.
    /// - Returns: how many of them, from the front.
    func give(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        if !backlog.isEmpty { handBacklog() }
        let count = publishes ? publish(batch, range) : routes ? route(batch, range) : share(batch, range)
        for peer in fleet.ready {
            if peer.output.bytesSinceReceipt >= Self.receiptInterval { askReceipt(peer) }
            if !peer.output.isWritten || peer.pong != nil { fleet.write(peer) }
        }
        return count
    }

    private func share(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        guard backlog.isEmpty || fleet.ready.isEmpty else { return 0 }
        if fleet.ready.isEmpty { return keep(batch, range) }
        if fleet.ready.count == 1 && !batch.hasProperties {
            let peer = fleet.ready[0]
            let count = min(range.count, room(peer))
            guard count > 0 else { return settings.drops ? drop(min(range.count, dropPortion)) : 0 }
            if peer.floor == .max { peer.floor = sent }
            peer.output.give(batch, range.prefix(count), floor: sent)
            sent += count
            return count
        }
        var index = range.lowerBound
        while index < range.upperBound {
            guard let token = turns.take(where: { subscribers[$0].map { room($0) > 0 } ?? false }), let peer = subscribers[token] else {
                if settings.drops { index += drop(min(range.upperBound - index, dropPortion)) }
                break
            }
            put(batch, index..<index + 1, to: peer, floor: sent)
            sent += 1
            index += 1
        }
        return index - range.lowerBound
    }

    /// So many messages are dropped before a full peer is tried again.
    var dropPortion: Int { max(1, mark / 2) }

    func drop(_ count: Int) -> Int {
        dropped += count
        sent += count
        return count
    }

    /// - Parameter floor: the number, in the order of sending, of the first message.
    func put(_ batch: borrowing Batch, _ range: Range<Int>, to peer: Peer, floor: Int) {
        if peer.floor == .max { peer.floor = floor }
        guard batch.hasProperties else { return peer.output.give(batch, range, floor: floor) }
        for index in range {
            let place = floor + index - range.lowerBound
            if let frames = batch.properties(of: index).frames {
                peer.output.give(batch.bytes(of: index), frames: frames, floor: place)
            } else {
                peer.output.give(batch, index..<index + 1, floor: place)
            }
        }
    }

    /// Accepts messages while nobody is there, up to the mark.
    private func keep(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        if settings.immediate { return 0 }
        let count = min(range.count, max(0, mark - backlogMessages))
        for index in range.prefix(count) {
            if backlog.last?.hasRoom(for: batch.size(of: index) + 64) != true {
                let block = fleet.pool.take()
                block.floor = sent
                backlog.append(block)
            }
            backlog[backlog.count - 1].append(batch.bytes(of: index), frames: batch.frames(of: index))
            sent += 1
        }
        return count
    }
}
