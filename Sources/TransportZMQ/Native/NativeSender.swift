import Glibc
import MQCore
import ZMTP

/// Sends by the native engine: PUSH, PUB, XPUB, XSUB, PAIR, DEALER, ROUTER.
///
/// `flush` ends the sender: nothing can be sent after it. The verbs flush once, at the end of their input.
final class NativeSender: Sender {
    private let core: SendingCore
    private let fleet: Fleet
    private let settings: Settings
    private let notices: Notices
    private var isFlushed = false
    private var isConfirmed = false
    private var peersAwaited: Bool
    /// Until when a publisher that nobody told to wait waits.
    private var patienceEnd: Deadline?
    private var known = 0

    init(_ fleet: Fleet, settings: Settings, notices: Notices) throws(TransportError) {
        (self.fleet, self.settings, self.notices) = (fleet, settings, notices)
        core = SendingCore(fleet, settings)
        peersAwaited = settings.awaitedPeers == 0
        try fleet.start(for: core)
    }

    deinit { fleet.end() }

    var maximumMessageSize: Int? { nil }

    var confirmed: Int {
        fleet.enter()
        defer { fleet.leave(isUrgent: fleet.hasOutput, hasWorked: false) }
        if !isFlushed { known = max(known, core.confirmed) }
        return isConfirmed ? core.sent : known
    }

    var obstacle: TransportError {
        fleet.enter()
        defer { fleet.leave(isUrgent: fleet.hasOutput, hasWorked: false) }
        if let failure = fleet.failure { return failure }
        if let missing = core.missing.obstacle { return missing }
        if !fleet.ready.isEmpty && peersAwaited { return TransportError(.tryAgain, "every peer is at its high-water mark") }
        return ZMQSender.absence(of: settings, came: core.peersThere, why: fleet.vacancy)
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        ZMQSender.refusalOfFrames(in: batch, range, namesPeer: settings.type == .router)
    }

    func takeRejections() -> [Rejection] {
        guard settings.type == .router else { return [] }
        return fleet.whileHere { core.takeRejections() }
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        guard !isFlushed else { throw TransportError(.failure, "nothing can be sent after the end of the messages") }
        guard !range.isEmpty else { return 0 }
        fleet.enter()
        defer { fleet.leave(isUrgent: fleet.hasOutput) }
        fleet.turn(until: .immediately, stop: stop)
        if !peersAwaited, !awaitPeers(until: deadline, stop: stop) { return 0 }
        holdBack(until: deadline, stop: stop)
        _ = core.limit.adapt(toMean: batch.byteCount / max(1, batch.count))
        var next = range.lowerBound
        while true {
            let given = core.give(batch, next..<range.upperBound)
            next += given
            if next == range.upperBound || stop.isRaised { break }
            // Who wrote all it was given has room again, and nothing tells of that. Before anything is dropped the kernel is asked.
            if given > 0 && !settings.drops { continue }
            if settings.drops && !fleet.ready.isEmpty && core.missing.due.isNever {
                fleet.turn(until: .immediately, stop: stop)
            } else if fleet.turn(until: deadline.earlier(core.missing.due), stop: stop) == .deadlinePassed, deadline.hasPassed {
                next += core.give(batch, next..<range.upperBound)
                break
            }
        }
        return next - range.lowerBound
    }

    /// Peers that read are waited for a moment before more is taken in ahead of them than a cache holds: what has to come back from
    /// memory makes everybody slower. Those that do not read get up to the mark all the same.
    private func holdBack(until deadline: Deadline, stop: StopFlag) {
        guard core.isAhead else { return }
        let bound = deadline.earlier(.after(.milliseconds(1)))
        while core.isAhead, !bound.hasPassed, !stop.isRaised { fleet.turn(until: bound, stop: stop) }
    }

    /// Waits for the peers a first message needs; false when the deadline or the flag came first.
    private func awaitPeers(until deadline: Deadline, stop: StopFlag) -> Bool {
        let waitsOn = settings.awaitsExplicitly || !settings.type.publishes
        // Several calls may share one wait.
        let patience = patienceEnd ?? .after(ZMQSender.patience)
        patienceEnd = patience
        let bound = waitsOn ? deadline : deadline.earlier(patience)
        while true {
            if core.peersThere >= settings.awaitedPeers {
                peersAwaited = true
                return true
            }
            switch fleet.turn(until: bound, stop: stop) {
            case .ready: continue
            case .stopped: return false
            case .deadlinePassed:
                guard bound.hasPassed else { continue }
                if waitsOn || !patience.hasPassed { return false }
                notices.warn(Absence.noSubscriber(fleet.absence))
                peersAwaited = true
                return true
            }
        }
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isFlushed else { return }
        isFlushed = true
        fleet.enter()
        defer { fleet.leave() }
        let bound = settings.linger.map { deadline.earlier(.after($0)) } ?? deadline
        // Without a subscriber a publisher's messages went nowhere, and nobody is to be waited for.
        let waits = core.sent > 0 && !(settings.type.sendsToAll && fleet.ready.isEmpty)
        defer {
            known = max(known, core.confirmed)
            fleet.close()
        }
        if waits { try core.finish(until: bound, stop: stop) }
        isConfirmed = true
        for peer in fleet.ready { peer.shutDown() }
    }

    var closingRemarks: [String] {
        var remarks: [String] = []
        if core.dropped > 0 { remarks.append(.dropped(core.dropped, by: settings.type)) }
        if core.unheard > 0 && settings.type == .dealer { remarks.append(.unheard(core.unheard)) }
        return remarks
    }
}
