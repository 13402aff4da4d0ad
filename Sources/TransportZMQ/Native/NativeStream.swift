import MQCore
import Synchronization
import ZMTP

/// A proxy whose messages go one way, by the native engine: a streamer, or a forwarder, which passes subscriptions the other way.
final class NativeStream: Relay {
    private enum Ends {
        case streamer(ReceivingCore, SendingCore)
        case forwarder(SubscribingEnd, PublishingEnd)
    }

    let counters = RelayCounters()
    private let fleets: FleetPair
    private let ends: Ends
    private let receiving: ReceivingCore
    private let sending: SendingCore
    private var batch = Batch()
    /// Messages of the batch that nobody has taken yet.
    private var held = 0..<0
    private var dropped = 0

    /// The most that is taken at a time: what the processor's cache holds beside the other side's.
    private static let portion = (messages: 16_000, bytes: 256 << 10)

    init(_ kind: RelayKind, _ fleets: FleetPair, _ settings: Settings) throws(TransportError) {
        self.fleets = fleets
        if kind == .forwarder {
            let (front, back) = (SubscribingEnd(fleets.front), PublishingEnd(fleets.back, settings))
            (ends, receiving, sending) = (.forwarder(front, back), front.receiving, back.sending)
            try fleets.start(front: front, back: back)
        } else {
            (receiving, sending) = (ReceivingCore(fleets.front), SendingCore(fleets.back, settings))
            ends = .streamer(receiving, sending)
            try fleets.start(front: receiving, back: sending)
        }
        batch.wantsProperties = true
    }

    func run(_ tap: (any RelayTap)?, stop: StopFlag) throws(TransportError) {
        fleets.enter()
        defer { fleets.leave() }
        fleets.turn()
        while !stop.isRaised {
            passTopics()
            let isNews = passUpstream(tap)
            if hand() && take(tap) || isNews {
                fleets.turn()
            } else {
                tap?.paused()
                fleets.wait(receiving, until: .never, stop: stop)
            }
        }
    }

    /// Gives what is held to the peers; false when some of it must wait.
    private func hand() -> Bool {
        while !held.isEmpty {
            let count = sending.give(batch, held)
            if count == 0 { return false }
            held = held.lowerBound + count..<held.upperBound
        }
        if sending.dropped != dropped {
            counters.dropped.add(sending.dropped - dropped, ordering: .relaxed)
            dropped = sending.dropped
        }
        return true
    }

    /// Takes what is there, as much as can be given on, and gives it on; false when there is nothing.
    private func take(_ tap: (any RelayTap)?) -> Bool {
        let room = min(sending.roomNow, Self.portion.messages)
        guard room > 0 else { return false }
        batch.removeAll()
        guard receiving.take(into: &batch, limit: room, byteLimit: Self.portion.bytes) else { return false }
        let bytes = batch.payloadBytes(0..<batch.count)
        counters.front.add(messages: batch.count, bytes: bytes)
        _ = sending.limit.adapt(toMean: bytes / max(1, batch.count))
        held = 0..<batch.count
        tap?.moved(batch, held, from: .front)
        _ = hand()
        return true
    }

    /// Tells the publishers what somebody wants now, or nobody any more.
    private func passTopics() {
        guard case .forwarder(let front, let back) = ends else { return }
        let changes = back.takeChanges()
        if changes.isEmpty { return }
        for change in changes { front.change(change.topic, isWanted: change.isWanted) }
        counters.topics.store(back.topicCount, ordering: .relaxed)
    }

    /// Passes on to the publishers what subscribers say beside subscriptions (RFC 29); false when that is nothing.
    private func passUpstream(_ tap: (any RelayTap)?) -> Bool {
        guard case .forwarder(let front, let back) = ends, !back.upstream.isEmpty else { return false }
        let all = 0..<back.upstream.count
        counters.dropped.add(front.pass(back.upstream), ordering: .relaxed)
        counters.back.add(messages: all.count, bytes: back.upstream.payloadBytes(all))
        tap?.moved(back.upstream, all, from: .back)
        back.emptyUpstream()
        return true
    }

    func finish(_ tap: (any RelayTap)?, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        fleets.enter()
        defer { fleets.leave() }
        guard !fleets.back.isClosed else { return }
        _ = passUpstream(tap)
        while !hand(), !stop.isRaised, !deadline.hasPassed { fleets.wait(receiving, until: deadline, stop: stop) }
        // Who sends is told what was taken, and keeps the rest, where it is an mq.
        _ = receiving.leave(until: .after(Fleet.farewell))
        fleets.front.close()
        defer { fleets.back.close() }
        if !held.isEmpty { throw .nobodyTook(held.count) }
        if sending.sent > 0 && !(sending.settings.type.publishes && fleets.back.ready.isEmpty) {
            try sending.finish(until: deadline, stop: stop)
        }
        for peer in fleets.back.ready { peer.shutDown() }
    }
}

extension TransportError {
    static func noReply(_ count: Int) -> TransportError {
        TransportError(.tryAgain, "\(Quantity.count(count, "request")) got no reply in time", isRetriable: true)
    }

    static func nobodyTook(_ count: Int) -> TransportError {
        TransportError(
            .tryAgain, "\(Quantity.count(count, "message")) found nobody to take them in time",
            hint: "is the receiver running, and reading?",
            isRetriable: true)
    }
}
