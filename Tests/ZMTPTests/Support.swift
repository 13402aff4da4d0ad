import MQCore
import Testing
import ZMTP

extension Array where Element == UInt8 {
    /// Gives the bytes to `session` in pieces of `size`, keeping what it leaves for the next; everything it said.
    func feed(_ session: inout Session, by size: Int = .max, at now: UInt64 = 1) -> [Session.Action] {
        var (kept, actions, place) = ([UInt8](), [Session.Action](), 0)
        while place < count {
            let end = Swift.min(count, place + Swift.min(size, count))
            kept += self[place..<end]
            place = end
            let answer = kept.withUnsafeBytes { session.received($0, at: now) }
            kept.removeFirst(answer.consumed)
            actions += answer.actions
        }
        return actions
    }
}

extension FrameBlock {
    /// What is still to be written, in one piece.
    var unsent: [UInt8] {
        var bytes: [UInt8] = []
        forEachUnsent {
            bytes += $0
            return true
        }
        return bytes
    }
}

extension [Session.Action] {
    var failure: Failure? {
        for case .failed(let failure) in self { return failure }
        return nil
    }
    var peer: Session.Peer? {
        for case .ready(let peer) in self { return peer }
        return nil
    }
    var sent: [UInt8] { flatMap { if case .send(let bytes) = $0 { bytes } else { [UInt8]() } } }
}

/// What a peer of `role` says to a NULL end.
func opening(_ role: String, minor: UInt8 = 1, more: [(name: String, value: [UInt8])] = []) -> [UInt8] {
    let properties = [(name: "Socket-Type", value: Array(role.utf8))] + more
    return Greeting(minor: minor).bytes + Command("READY", Metadata(properties).bytes).frame
}

func established(_ role: Role) -> Session {
    var session = Session(Session.Settings(role), at: 0)
    _ = opening(role.peers[0].name).feed(&session)
    precondition(session.isEstablished)
    return session
}

func message(_ text: String, more: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    FrameHeader.append(flags: more ? FrameHeader.more : 0, size: text.utf8.count, to: &bytes)
    return bytes + text.utf8
}
