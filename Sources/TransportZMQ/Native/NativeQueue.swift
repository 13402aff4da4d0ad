import MQCore
import Synchronization
import ZMTP

/// A proxy of requests and replies, by the native engine.
final class NativeQueue: Relay {
    let counters = RelayCounters()
    private let fleets: FleetPair
    private let front: RoutingEnd
    private let back: DealingEnd
    /// Messages of one peer.
    private var batch = Batch()
    /// The same with their names in front, for a tap.
    private var shown = Batch()
    /// Whose turn is next, at the front and at the back.
    private var next = (front: 0, back: 0)

    /// The most that is taken from one peer at a time.
    private static let portion = (messages: 256, bytes: 64 << 10)

    init(_ fleets: FleetPair, front: Settings, back: Settings) throws(TransportError) {
        self.fleets = fleets
        (self.front, self.back) = (RoutingEnd(fleets.front, front), DealingEnd(fleets.back, back))
        try fleets.start(front: self.front, back: self.back)
        batch.wantsProperties = true
        shown.wantsProperties = true
    }

    func run(_ tap: (any RelayTap)?, stop: StopFlag) throws(TransportError) {
        fleets.enter()
        defer { fleets.leave() }
        fleets.turn()
        while !stop.isRaised {
            let moved = (requests(tap), replies(tap))
            if moved.0 || moved.1 {
                fleets.turn()
            } else {
                tap?.paused()
                fleets.wait(front.receiving, until: .never, stop: stop, looks: true)
            }
        }
    }

    // MARK: - Requests

    /// Passes requests on, as many as the servers have room for; false when there are none.
    private func requests(_ tap: (any RelayTap)?) -> Bool {
        let (peers, first) = (fleets.front.ready, next.front)
        var hasMoved = false
        for step in peers.indices {
            let room = back.sending.roomNow
            if room <= 0 { break }
            let peer = peers[(first + step) % peers.count]
            next.front = (first + step + 1) % peers.count
            guard front.isListenedTo(peer) else { continue }
            let limit = min(room, Self.portion.messages)
            if tap == nil {
                let (count, isAll) = passWhole(from: peer, limit)
                if count > 0 { hasMoved = true }
                if count > 0 || isAll { continue }
            }
            batch.removeAll()
            guard front.receiving.take(from: peer, into: &batch, limit: limit, byteLimit: Self.portion.bytes) > 0 else { continue }
            hasMoved = true
            pass(from: peer, tap)
        }
        if hasMoved { back.sending.writeAll() }
        return hasMoved
    }

    /// Passes on what nobody looks at, frames and all.
    private func passWhole(from peer: Peer, _ limit: Int) -> (count: Int, isAll: Bool) {
        let (count, size, isAll) = peer.takeWhole(limit, Self.portion.bytes) { whole, bytes in
            guard back.sending.give(message: bytes, behind: peer.path) else {
                counters.dropped.add(1, ordering: .relaxed)
                return
            }
            front.took(hasPath: whole.hasPath, from: peer)
        }
        counters.front.add(messages: count, bytes: size)
        return (count, isAll)
    }

    private func pass(from peer: Peer, _ tap: (any RelayTap)?) {
        let name = peer.path
        for index in 0..<batch.count {
            let frames = batch.frames(of: index)
            let body = batch.bytes(of: index)
            guard back.sending.give(body, frames: frames, behind: name) else {
                counters.dropped.add(1, ordering: .relaxed)
                continue
            }
            front.took(hasPath: frames.map { ReturnPath.end(in: $0) != nil } ?? false, from: peer)
            if tap != nil { show(name.bytes, body, frames) }
        }
        counters.front.add(messages: batch.count, bytes: batch.payloadBytes(0..<batch.count))
        guard let tap else { return }
        tap.moved(shown, 0..<shown.count, from: .front)
        shown.removeAll()
    }

    /// One message as it is on the side of the servers.
    private func show(_ name: [UInt8], _ body: UnsafeRawBufferPointer, _ frames: [Int]?) {
        let place = shown.reserve(name.count + body.count)
        name.withUnsafeBytes { if let bytes = $0.baseAddress { place.copyMemory(from: bytes, byteCount: $0.count) } }
        if let bytes = body.baseAddress { (place + name.count).copyMemory(from: bytes, byteCount: body.count) }
        shown.commit(name.count + body.count)
        shown.setFrames(([name.count] + (frames ?? [body.count]))[...])
    }

    // MARK: - Replies

    /// Passes replies to whoever asked; false when there are none.
    private func replies(_ tap: (any RelayTap)?) -> Bool {
        let (peers, first) = (fleets.back.ready, next.back)
        var hasMoved = false
        for step in peers.indices {
            let peer = peers[(first + step) % peers.count]
            next.back = (first + step + 1) % peers.count
            if peer.isGone { continue }
            let (limit, bytes) = Self.portion
            if tap == nil {
                let (count, isAll) = routeWhole(from: peer, limit)
                if count > 0 { hasMoved = true }
                if count > 0 || isAll { continue }
            }
            batch.removeAll()
            guard back.receiving.take(from: peer, into: &batch, limit: limit, byteLimit: bytes) > 0 else { continue }
            hasMoved = true
            route()
            tap?.moved(batch, 0..<batch.count, from: .back)
        }
        if hasMoved { front.writeAll() }
        return hasMoved
    }

    private func routeWhole(from peer: Peer, _ limit: Int) -> (count: Int, isAll: Bool) {
        var names = 0
        let (count, size, isAll) = peer.takeWhole(limit, Self.portion.bytes) { whole, bytes in
            names += whole.first.count
            if !front.route(whole, bytes) { counters.dropped.add(1, ordering: .relaxed) }
        }
        counters.back.add(messages: count, bytes: size - names)
        return (count, isAll)
    }

    private func route() {
        var names = 0
        for index in 0..<batch.count {
            let body = batch.bytes(of: index)
            let frames = batch.frames(of: index) ?? [body.count]
            names += frames[0]
            if !front.route(body, frames: frames) { counters.dropped.add(1, ordering: .relaxed) }
        }
        counters.back.add(messages: batch.count, bytes: batch.payloadBytes(0..<batch.count) - names)
    }

    // MARK: - The end

    func finish(_ tap: (any RelayTap)?, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        fleets.enter()
        defer { fleets.leave() }
        guard !fleets.back.isClosed else { return }
        fleets.front.closeListeners()
        while isUnfinished, !stop.isRaised, !deadline.hasPassed {
            if !replies(tap) { fleets.wait(front.receiving, until: deadline, stop: stop) } else { fleets.turn() }
            _ = back.sending.roomNow
        }
        let missing = front.owedReplies
        let end = Deadline.after(Fleet.farewell)
        for peer in fleets.front.ready where peer.output.given > 0 && !peer.hasHungUp { peer.shutDown(until: end) }
        for peer in fleets.back.ready { peer.shutDown() }
        fleets.front.close()
        fleets.back.close()
        if missing > 0 {
            throw .noReply(missing)
        }
    }

    private var isUnfinished: Bool {
        front.owedReplies > 0 || fleets.front.hasOutput || fleets.back.hasOutput || back.sending.backlogMessages > 0
    }
}
