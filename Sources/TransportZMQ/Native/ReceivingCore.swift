import CZMQ
import Glibc
import MQCore
import ZMTP

/// What a receiver does with its connections, under the gate of their fleet.
final class ReceivingCore: FleetOwner {
    private unowned let fleet: Fleet
    private(set) var handedOver = 0
    /// Whose turn is next.
    private var next = 0
    /// Of a ROUTER: what its peers are called.
    private var names = PeerNames<Int>()
    /// Of an XPUB: what its subscribers say.
    private var feed = SubscriptionFeed()

    /// From this size on a message that is not complete is read to where it stays.
    private static let large = 16 << 10
    /// The largest for which memory is taken in advance.
    private static let largest = 1 << 20
    /// How long the rest of a message that has begun may take before others are looked at, in milliseconds, and how often.
    private static let patience = (milliseconds: CInt(1), times: 3)

    /// Whether as much may be read ahead as a buffer holds; a small high-water mark forbids it.
    private let readsAhead: Bool

    init(_ fleet: Fleet) {
        self.fleet = fleet
        let options = fleet.settings.options
        let mark = options.integer("recv-hwm") ?? options.integer("hwm") ?? 0
        readsAhead = mark == 0 || mark >= MessageLimit.standard.lowerBound
    }

    // MARK: FleetOwner

    func greeted(_ peer: Peer) {
        if fleet.settings.role == .router { return name(peer) }
        guard fleet.settings.role.subscribes else { return }
        let minor = peer.greeted?.minor ?? 1
        var topics = fleet.settings.topics
        // Each once: one cancel ends a subscription however often it was made.
        topics = topics.enumerated().filter { topics.firstIndex(of: $0.element) == $0.offset }.map(\.element)
        for topic in topics { peer.output.give(command: Session.subscription(topic, minor: minor)) }
        fleet.write(peer)
    }

    /// Reading is for `take`, by and by.
    func readable(_ peer: Peer) {}

    func heard(_ peer: Peer, _ action: Session.Action) {
        guard fleet.settings.role == .xpub else { return }
        switch action {
        case .subscribe(let topic): fleet.count(feed.hear(topic, isEnd: false, from: peer.token), ofTopicsOf: peer)
        case .cancel(let topic): fleet.count(feed.hear(topic, isEnd: true, from: peer.token), ofTopicsOf: peer)
        default: break
        }
    }

    func lost(_ peer: Peer) {
        names.remove(peer.token)
        feed.lost(peer.token)
    }

    private func name(_ peer: Peer) {
        peer.scanner.prefix = names.admit(peer.token, identity: peer.identity)
        if peer.scanner.prefix == nil { fleet.sendAway(peer, isFirst: names.refusals == 1) }
    }

    /// Answers PINGs that are next in line, and reads ahead as much as the buffer is to hold, so that a sender which has ended need not
    /// wait for a reader of ours that pauses.
    func attend() {
        for peer in fleet.ready {
            fleet.write(peer)
            while peer.input.isEmpty || (readsAhead && peer.input.unread.count < InputBuffer.standard), peer.mayRead, peer.read() == .bytes
            {
                peer.session.heard(at: Deadline.now())
            }
            if case .header(let header) = FrameHeader.read(peer.input.unread), header.isCommand, !peer.scanner.isBetweenFrames,
                feed.count < SubscriptionFeed.most
            {
                fleet.obey(peer)
            }
        }
    }

    // MARK: Taking

    /// Takes what is there, without waiting but for the rest of a large message; false when there is nothing.
    func take(into batch: inout Batch, limit: Int, byteLimit: Int) -> Bool {
        let most = batch.byteCount + byteLimit
        var left = limit - feed.take(into: &batch, limit: limit, most: most)
        var isNews = true
        while isNews && left > 0 && batch.byteCount < most {
            isNews = false
            // One that goes leaves the others their places.
            let (peers, first) = (fleet.ready, next)
            for step in peers.indices where left > 0 && batch.byteCount < most {
                let peer = peers[(first + step) % peers.count]
                next = (first + step + 1) % peers.count
                if peer.isGone { continue }
                var count = take(from: peer, into: &batch, limit: left, byteLimit: most - batch.byteCount)
                if fleet.settings.role == .xpub { count += takeSubscriptions(count, of: peer, &batch, limit: left - count, most: most) }
                left -= count
                if count > 0 { isNews = true }
            }
        }
        handedOver += limit - left
        return left < limit
    }

    /// Looks for subscriptions among the last messages, and takes those that came as commands behind them.
    private func takeSubscriptions(_ count: Int, of peer: Peer, _ batch: inout Batch, limit: Int, most: Int) -> Int {
        if count > 0 { fleet.count(feed.look(at: &batch, batch.count - count..<batch.count, from: peer.token), ofTopicsOf: peer) }
        return feed.take(into: &batch, limit: limit, most: most)
    }

    /// - Returns: the number of messages.
    func take(from peer: Peer, into batch: inout Batch, limit: Int, byteLimit: Int) -> Int {
        let most = batch.byteCount + byteLimit
        var count = 0
        defer { peer.taken += UInt64(count) }
        while true {
            let (consumed, messages, stop) = peer.scanner.scan(
                peer.input.unread, into: &batch, limit: limit - count, byteLimit: most - batch.byteCount)
            peer.input.consume(consumed)
            count += messages
            if messages > 0 { peer.sendsLarge = false }
            switch stop {
            case .full: return count
            case .command:
                let before = peer.input.unread.count
                fleet.obey(peer)
                // What an XPUB was told by commands comes before what is behind them.
                if peer.isGone || feed.count > 0 { return count }
                // Part of a command: the rest is to be read.
                if peer.input.unread.count < before { continue }
            case .malformed(let words):
                fleet.fail(peer, Failure(.malformed, "sent what cannot be taken: \(words)"))
                return count
            case .partial(let header?) where header.size >= Self.large && header.size <= Self.largest && peer.scanner.takesWhole(header):
                if count >= limit || batch.byteCount >= most { return count }
                if !takeLarge(header, from: peer, into: &batch) { return count }
                count += 1
                continue
            case .empty, .partial:
                if case .partial(.some) = stop { peer.sendsLarge = false }
                if peer.input.isEmpty { peer.input.shrink() }
            }
            if batch.byteCount >= most || count >= limit { return count }
            switch peer.read() {
            case .bytes: peer.session.heard(at: Deadline.now())
            case .blocked: return count
            case .ended:
                fleet.remove(peer)
                return count
            }
        }
    }

    /// Reads the rest of a message to where it stays.
    /// - Returns: false when it does not come at once; what came is back in the buffer.
    private func takeLarge(_ header: FrameHeader, from peer: Peer, into batch: inout Batch) -> Bool {
        peer.input.consume(header.length)
        let place = batch.reserve(header.size)
        var have = min(peer.input.unread.count, header.size)
        place.copyMemory(from: peer.input.unread.baseAddress!, byteCount: have)
        peer.input.consume(have)
        var patience = Self.patience.times
        peer.sendsLarge = true
        while have < header.size {
            let room = peer.readAhead()
            let wanted = header.size - have
            var pieces = (iovec(iov_base: place + have, iov_len: wanted), iovec(iov_base: room.baseAddress, iov_len: room.count))
            let count = withUnsafeMutablePointer(to: &pieces) {
                $0.withMemoryRebound(to: iovec.self, capacity: 2) { readv(peer.descriptor, $0, 2) }
            }
            if count > 0 {
                have += min(count, wanted)
                peer.input.filled(max(0, count - wanted))
                peer.noteRead(count, of: wanted + room.count)
                continue
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN && patience > 0 {
                patience -= 1
                var wait = pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&wait, 1, Self.patience.milliseconds)
                continue
            }
            // An end shows again in the next read.
            peer.mayRead = !(count < 0 && errno == EAGAIN)
            var head: [UInt8] = []
            FrameHeader.append(flags: 0, size: header.size, to: &head)
            peer.input.putBack(head, UnsafeRawBufferPointer(start: place, count: have))
            return false
        }
        peer.session.heard(at: Deadline.now())
        batch.commit(header.size)
        return true
    }

    // MARK: Leaving

    /// Tells every `mq` how many of its messages were kept, and waits for it to have heard that.
    /// - Returns: whether messages of others are lost.
    func leave(until deadline: Deadline) -> Bool {
        var isLossy = false
        fleet.closeListeners()
        for peer in fleet.ready {
            if peer.countsKept && !peer.hasHungUp {
                peer.output.give(command: Session.kept(peer.taken))
                fleet.write(peer)
            } else if !peer.input.isEmpty || Self.hasInput(peer) {
                isLossy = true
            }
        }
        // A connection that is closed with input unread is reset, and over tcp a reset overtakes what was said.
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: InputBuffer.standard, alignment: 16)
        defer { scratch.deallocate() }
        for peer in fleet.ready where peer.countsKept && !peer.hasHungUp {
            while !deadline.hasPassed {
                if !peer.output.isWritten {
                    peer.mayWrite = true
                    fleet.write(peer)
                }
                let count = recv(peer.descriptor, scratch, InputBuffer.standard, 0)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                guard count < 0 && errno == EAGAIN else { break }
                var wait = pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&wait, 1, min(deadline.pollMilliseconds, 20))
            }
        }
        return isLossy
    }

    private static func hasInput(_ peer: Peer) -> Bool {
        var byte: UInt8 = 0
        return recv(peer.descriptor, &byte, 1, CInt(MSG_PEEK)) > 0
    }
}
