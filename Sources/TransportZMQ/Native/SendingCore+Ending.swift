import MQCore
import ZMTP

extension SendingCore {
    /// A receiver whose output pauses confirms nothing, and may have read everything all the same.
    private func isSurelyRead(_ peer: Peer, at now: UInt64) -> Bool {
        if peer.progress.taken != peer.session.receipts.taken || peer.progress.since == 0 {
            peer.progress = (peer.session.receipts.taken, now)
        }
        // A libzmq would lose what it has not read when its answer finds nobody.
        return peer.countsKept && now >= peer.progress.since + Self.pause && Unread.bytes(peer.descriptor) == 0
    }

    /// Whether the kernel is asked what a peer has read, at the end. A receiver that has had enough leaves without an answer to a PING.
    func asksKernel(_ peer: Peer) -> Bool { !peer.countsKept && (peer.isLocal || peer.session.receipts.trust == .none) }

    /// Whether an answer is awaited that may not come.
    var isPatient: Bool { fleet.ready.contains { $0.progress.since > 0 } }

    /// Gives what has come back to whoever has room by now.
    /// - Returns: what is still missing: messages that nobody has, and peers that have not confirmed.
    func unfinished(at now: UInt64) -> (messages: Int, peer: Peer?, unread: Int) {
        handBacklog()
        var (messages, missing, unread) = (backlogMessages, Peer?.none, 0)
        for peer in fleet.ready where peer.output.given > 0 {
            fleet.write(peer)
            let receipts = peer.session.receipts
            if !peer.output.isWritten {
                messages += peer.output.unsentMessages
                missing = peer
                continue
            }
            if receipts.taken >= peer.output.given { continue }
            if asksKernel(peer) {
                if Unread.bytes(peer.descriptor) == 0 {
                    peer.surelyRead = peer.output.given
                    confirm(peer, upTo: peer.output.given)
                    continue
                }
            } else if isSurelyRead(peer, at: now) {
                continue
            } else if receipts.asked < peer.output.given {
                askReceipt(peer)
                fleet.write(peer)
            }
            unread += Int(peer.output.given - receipts.taken)
            missing = peer
        }
        return (messages, missing, unread)
    }

    /// How long an end goes on for what can be had at once after the flag was raised.
    private static let grace = Duration.milliseconds(25)

    /// Waits until everything was written, and read by the peers as far as that can be known.
    func finish(until wanted: Deadline, stop: StopFlag) throws(TransportError) {
        var (deadline, isHurried) = (wanted, false)
        var pause: UInt64 = 50_000
        while true {
            if stop.isRaised && !isHurried {
                isHurried = true
                fleet.detachStop()
                deadline = deadline.earlier(.after(Self.grace))
            }
            let rest = unfinished(at: Deadline.now())
            if rest.messages == 0 && rest.peer == nil { break }
            if deadline.hasPassed { throw late(rest) }
            // A kernel that empties its buffer does not say so.
            let looks = rest.peer.map { $0.output.isWritten && asksKernel($0) } ?? false
            var until = deadline
            if looks || isPatient {
                until = until.earlier(Deadline(nanoseconds: Deadline.now() + pause))
                pause = min(pause * 2, looks ? 2_000_000 : 20_000_000)
            }
            _ = fleet.turn(until: until, stop: isHurried ? nil : stop)
        }
        guard let lost = lossy else { return }
        throw TransportError(
            .unreachable,
            "the peer at \(lost) went away before it had read everything: \(Quantity.count(inDoubt, "message")) may be lost",
            isRetriable: true)
    }

    private func late(_ rest: (messages: Int, peer: Peer?, unread: Int)) -> TransportError {
        if let peer = rest.peer, peer.output.isWritten {
            return TransportError(
                .tryAgain, "\(Quantity.count(rest.unread, "message")) were not read by the peer at \(peer.endpoint) in time",
                hint: "is the receiver reading?", isRetriable: true)
        }
        return TransportError(
            .tryAgain,
            fleet.ready.isEmpty ? "no peer took the last messages in time" : "the peer did not take the last messages in time",
            hint: "is the receiver running, and reading?", isRetriable: true)
    }
}
