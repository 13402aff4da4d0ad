import MQCore
import ZMTP

/// What a fuzzer that looks at coverage (`Scripts/fuzz`) gives bytes to, and the corpus that it found is given to in the suite. Each
/// traps when bytes from outside do what they must not.
enum FuzzTarget: String, CaseIterable {
    case session, metadata, subscriptions, scanner

    func run(_ bytes: [UInt8]) {
        switch self {
        case .session: Self.session(bytes)
        case .metadata: Self.metadata(bytes)
        case .subscriptions: Self.subscriptions(bytes)
        case .scanner: Self.scanner(bytes)
        }
    }

    /// A connection's bytes behind three that say who hears them and how they are cut: cut or not, the actions are the same.
    private static func session(_ bytes: [UInt8]) {
        guard bytes.count > 3 else { return }
        var settings = Session.Settings(Role.allCases[Int(bytes[0]) % Role.allCases.count])
        switch bytes[1] & 3 {
        case 1: settings.mechanism = .plainClient(user: [0x75], password: [0x70])
        case 2: settings.mechanism = .plainServer { user, password in user == [0x75] && password == [0x70] }
        default: break
        }
        settings.countsKept = bytes[1] & 4 != 0
        settings.handsMessagesOver = bytes[1] & 8 != 0
        // Enough of a handshake for what lies behind it to be reached.
        let opening = bytes[1] & 16 != 0 && bytes[1] & 3 == 0 ? Self.opening(settings.role.peers[0].name, minor: bytes[1] >> 5 & 1) : []
        let stream = opening + bytes[3...]
        var (whole, cut) = (Session(settings, at: 0), Session(settings, at: 0))
        let expected = feed(stream, to: &whole, by: .max)
        let seen = feed(stream, to: &cut, by: max(1, Int(bytes[2])))
        precondition(whole.isEstablished == cut.isEstablished)
        // A foreign peer is named by what has come so far.
        if !isForeign(expected.actions) && !isForeign(seen.actions) {
            precondition(seen.actions == expected.actions && seen.rest == expected.rest)
        }
        _ = whole.timePassed(1 << 40, messages: 3)
        _ = expected.rest.withUnsafeBytes { whole.ended($0) }
    }

    private static func opening(_ role: String, minor: UInt8) -> [UInt8] {
        Greeting(minor: minor).bytes + Command("READY", Metadata([("Socket-Type", Array(role.utf8))]).bytes).frame
    }

    private static func isForeign(_ actions: [Session.Action]) -> Bool {
        actions.contains { if case .failed(let failure) = $0, case .foreign = failure.kind { true } else { false } }
    }

    private static func feed(_ stream: [UInt8], to session: inout Session, by size: Int) -> (actions: [Session.Action], rest: [UInt8]) {
        var (kept, actions, place) = ([UInt8](), [Session.Action](), 0)
        while place < stream.count {
            let end = place + min(size, stream.count - place)
            kept += stream[place..<end]
            place = end
            let answer = kept.withUnsafeBytes { session.received($0, at: 1) }
            precondition(answer.consumed <= kept.count)
            kept.removeFirst(answer.consumed)
            actions += answer.actions
        }
        return (actions, kept)
    }

    /// What was understood is written and understood as the same, unless a name had to be made printable.
    private static func metadata(_ bytes: [UInt8]) {
        guard let first = Metadata(bytes) else { return }
        for (name, value) in first.properties {
            precondition(first[name]! == value || first.properties.contains { $0.value == first[name]! })
        }
        guard first.properties.allSatisfy({ !$0.name.isEmpty && $0.name.utf8.count <= 255 }), first.bytes.count <= Metadata.largest else {
            return
        }
        precondition(Metadata(first.bytes) != nil)
        if first.bytes == bytes { precondition(Metadata(first.bytes)! == first) }
    }

    /// Subscriptions, cancellations, departures and messages: the tree finds whom a list of pairs finds.
    private static func subscriptions(_ bytes: [UInt8]) {
        var (tree, place) = (SubscriptionTree(), 0)
        var pairs = Set<Subscription>()
        while place + 1 < bytes.count {
            let (deed, peer) = (bytes[place] & 3, Int(bytes[place] >> 2) % 9)
            let end = min(bytes.count, place + 2 + Int(bytes[place + 1]) % 12)
            let topic = Array(bytes[(place + 2)..<end])
            place = end
            switch deed {
            case 0: precondition(tree.subscribe(topic, peer) == pairs.insert(Subscription(peer: peer, topic: topic)).inserted)
            case 1: precondition(tree.cancel(topic, peer) == (pairs.remove(Subscription(peer: peer, topic: topic)) != nil))
            case 2:
                tree.remove(peer)
                pairs = pairs.filter { $0.peer != peer }
            default:
                var found = PeerSet()
                topic.withUnsafeBytes { tree.match($0, into: &found) }
                precondition(found == PeerSet(pairs.filter { topic.starts(with: $0.topic) }.map(\.peer)))
            }
            precondition(tree.count == pairs.count)
        }
    }

    private struct Subscription: Hashable {
        var peer: Int
        var topic: [UInt8]
    }

    /// Frames behind two bytes that say what is wanted and how they are cut: cut or not, the messages are the same.
    private static func scanner(_ bytes: [UInt8]) {
        guard bytes.count > 2 else { return }
        let topics: [[UInt8]] = bytes[0] & 1 == 0 ? [] : [[0x61], [0x62, 0x63]]
        let make = {
            var scanner = FrameScanner(largest: bytes[0] & 2 == 0 ? .max : 300, topics: topics, isInverted: bytes[0] & 4 != 0)
            if bytes[0] & 8 != 0 { scanner.prefix = [0, 1, 2] }
            return scanner
        }
        let stream = Array(bytes[2...])
        let expected = scan(stream, make(), by: .max)
        precondition(scan(stream, make(), by: max(1, Int(bytes[1]))) == expected)
        glance(stream)
    }

    /// What is taken for whole without being looked into is one message for a scan, of the same size.
    private static func glance(_ stream: [UInt8]) {
        var place = 0
        while place < stream.count, case .whole(let whole) = stream.withUnsafeBytes({ FrameScanner().glance($0, from: place) }) {
            let end = place + whole.length
            let scanned = scan(Array(stream[place..<end]), FrameScanner(), by: .max)
            precondition(scanned.messages.count == 1 && scanned.rest.isEmpty && scanned.messages[0].count == whole.payload)
            let frames = scanned.frames[0] ?? [whole.payload]
            precondition(whole.hasRest == (frames.count > 1) && whole.first.count == frames[0])
            precondition(whole.hasPath == frames.dropLast().contains(0))
            precondition(whole.hasPathBehindFirst == frames.dropFirst().dropLast().contains(0))
            place = end
        }
    }

    private struct Scanned: Equatable {
        var messages: [[UInt8]] = []
        var frames: [[Int]?] = []
        var isMalformed = false
        /// What follows the messages, a command for instance.
        var rest: [UInt8] = []
    }

    private static func scan(_ stream: [UInt8], _ scanner: FrameScanner, by size: Int) -> Scanned {
        var (scanner, scanned, place) = (scanner, Scanned(), 0)
        var batch = Batch(byteCapacity: 256)
        batch.wantsProperties = true
        while place < stream.count {
            let end = place + min(size, stream.count - place)
            scanned.rest += stream[place..<end]
            place = end
            guard !scanned.isMalformed else { continue }
            batch.removeAll()
            let part = scanned.rest.withUnsafeBytes { scanner.scan($0, into: &batch, limit: .max, byteLimit: .max / 2) }
            precondition(part.consumed <= scanned.rest.count && part.messages == batch.count)
            scanned.rest.removeFirst(part.consumed)
            for index in 0..<batch.count {
                scanned.messages.append(Array(batch.bytes(of: index)))
                scanned.frames.append(batch.hasProperties ? batch.properties(of: index).frames : nil)
            }
            if case .malformed = part.stop { scanned.isMalformed = true }
        }
        return scanned
    }
}
