internal import Glibc
internal import MQCore

/// A connection that publishes, with what it has not answered.
final class SendLink: Link {
    /// In the order in which they were sent: an answer belongs to the first.
    var outstanding: [Parcel] = []
    /// DPUBs of the first that were answered, where every nsqd gets a copy.
    var answered = 0

    /// Whether it ever answered.
    var hasAnswered = false

    /// More than this many gain nothing.
    static let window = 4

    var hasRoom: Bool { outstanding.count < Self.window && !connection.hasOutput }
}

/// The connections of a sender, and the parcels under way.
final class SendFleet: Fleet<SendLink>, @unchecked Sendable {
    /// Everything not confirmed to its end, in the order of sending.
    private var parcels: [Parcel] = []
    private var spare: [Parcel] = []
    /// To be sent again: the connection to that peer broke.
    private var homeless: [(parcel: Parcel, peer: Peer)] = []
    private var turn = 0
    private var confirmedBefore = 0
    private(set) var resent = 0
    /// Every nsqd gets everything, and all that are `needed` must be there.
    var copies = false
    /// What ends the sender.
    private(set) var fatal: TransportError?

    /// Messages confirmed without a hole.
    var confirmed: Int { confirmedBefore + (parcels.first?.confirmed ?? 0) }
    var isIdle: Bool { parcels.isEmpty }
    var hasOutput: Bool { !homeless.isEmpty || links.contains { $0.connection.hasOutput } }
    var unconfirmed: Int { parcels.reduce(0) { $0 + $1.count } - (parcels.first?.confirmed ?? 0) }

    // MARK: - With the lock held

    func freshParcel() -> Parcel { spare.popLast() ?? Parcel() }

    /// Those to send the next parcel to; `nil` while there is no room.
    func takers() -> [SendLink]? {
        guard homeless.isEmpty, !links.isEmpty else { return nil }
        if copies {
            guard links.count == needed, links.allSatisfy(\.hasRoom) else { return nil }
            return links
        }
        for offset in 0..<links.count {
            let link = links[(turn + offset) % links.count]
            guard link.hasRoom else { continue }
            turn = (turn + offset + 1) % links.count
            return [link]
        }
        return nil
    }

    func dispatch(_ parcel: Parcel, to takers: [SendLink]) {
        parcels.append(parcel)
        parcel.awaited = takers.count
        for link in takers { send(parcel, on: link) }
    }

    private func send(_ parcel: Parcel, on link: SendLink) {
        link.outstanding.append(parcel)
        do throws(TransportError) { try link.connection.send(parcel.answered == 0 ? parcel.bytes : parcel.unanswered) } catch {
            link.failure = error
        }
    }

    /// Reads answers, goes on writing, and sorts out what broke.
    /// - Throws: what ends the sender.
    func work() throws(TransportError) {
        if let fatal { throw fatal }
        for link in links {
            // What nsqd said before it closed the connection counts all the same, whoever noticed that it did.
            if link.failure == nil { progress(link) } else { hearLastWords(link) }
            if let error = link.failure { try give(up: link, error) }
        }
        if !homeless.isEmpty { sendAgain() }
        try requireHope()
    }

    /// Any nsqd will do, but a copy belongs to the one that lacks it.
    private func sendAgain() {
        homeless.removeAll { parcel, peer in
            guard let link = links.first(where: { $0.hasRoom && (!copies || $0.connection.peer == peer) }) else { return false }
            send(parcel, on: link)
            return true
        }
    }

    private func progress(_ link: SendLink) {
        do throws(TransportError) {
            try link.connection.flush()
            try hear(link)
            if try link.connection.receive() { try hear(link) }
        } catch {
            link.failure = error
            // nsqd's last words explain more than a broken pipe does.
            do throws(TransportError) {
                while try link.connection.receive() {}
            } catch {}
            hearLastWords(link)
        }
    }

    private func hearLastWords(_ link: SendLink) {
        do throws(TransportError) { try hear(link) } catch { link.failure = error }
    }

    private func hear(_ link: SendLink) throws(TransportError) {
        while let frame = try link.connection.decoder.next() {
            switch frame.kind {
            case .response:
                if frame.isText(Connection.heartbeatText) {
                    try link.connection.send(Array("NOP\n".utf8))
                } else if frame.isText("OK"), let first = link.outstanding.first {
                    confirm(first, on: link)
                } else {
                    throw TransportError(.protocolViolation, "nsqd answered '\(frame.text)' to nothing that was asked")
                }
            case .error:
                let said = ServerError(frame.text)
                // It belongs to the oldest; nothing behind it was executed.
                if !said.isTemporary { fatal = fatal ?? said.error }
                throw said.error
            case .message: throw TransportError(.protocolViolation, "nsqd sent a message to a publisher")
            }
        }
    }

    private func confirm(_ parcel: Parcel, on link: SendLink) {
        if !parcel.ends.isEmpty {
            if copies { link.answered += 1 } else { parcel.answered += 1 }
            guard (copies ? link.answered : parcel.answered) == parcel.ends.count else { return }
        }
        (link.answered, link.hasAnswered) = (0, true)
        link.outstanding.removeFirst()
        parcel.awaited -= 1
        while let first = parcels.first, first.awaited == 0 {
            confirmedBefore += first.count
            parcels.removeFirst()
            first.removeAll()
            if spare.count < 8 { spare.append(first) }
        }
    }

    /// Takes a broken connection out; what it did not answer goes to another, or to itself when it comes back.
    private func give(up link: SendLink, _ error: TransportError) throws(TransportError) {
        let left = link.outstanding
        link.outstanding = []
        var error = error
        // A connection that is reset takes nsqd's last words with it.
        if error.code == .unreachable, !link.hasAnswered, !left.isEmpty {
            error.hint = "nsqd answers so, too, when it requires tls or takes no messages of this size (-max-msg-size)"
        }
        lose(link, error)
        if let fatal { throw fatal }
        if copies && retry == nil {
            fatal = error
            throw error
        }
        for parcel in left { resent += parcel.count - parcel.confirmed }
        homeless = left.map { ($0, link.connection.peer) } + homeless
    }
}
