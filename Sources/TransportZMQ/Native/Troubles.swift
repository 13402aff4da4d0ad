import MQCore
import ZMTP

/// Why there are peers with whom we do not come to speak, in the words of both engines.
struct Troubles {
    private let type: SocketType
    private let security: Security.Mechanism
    private let stop: StopFlag
    /// What failed at endpoints that we connect to, and what was seen there.
    private var failures: [String: (failure: HandshakeFailure, seen: Sighting)] = [:]
    private var looks: [String: Sighting] = [:]
    private var warned: Set<String> = []

    init(_ type: SocketType, _ security: Security.Mechanism, _ opening: Opening) {
        (self.type, self.security, stop) = (type, security, opening.stop)
    }

    mutating func overcome(_ endpoint: String) { failures[endpoint] = nil }

    /// A connection that came to nothing.
    /// - Returns: what is to be said of it, once as a warning.
    mutating func note(_ failure: Failure, of peer: Peer) -> Notice? {
        let endpoint = peer.endpoint
        guard peer.dialer != nil else {
            if failure.kind == .refused {
                let words = "a client at \(endpoint) was refused: its user and password are not in plain-users"
                return .connection(peer.event(.refused, isWarning: true, words))
            }
            // Anybody may look in at a bound endpoint: a port scanner, another mq that asks whether we live.
            guard failure.kind == .type || failure.kind == .mechanism else {
                return .connection(peer.event(.failed, "a visitor at \(endpoint) left without a handshake"))
            }
            return warn(peer, "the peer at \(endpoint) \(failure.kind == .type ? "is not a \(type.peers) socket" : failure.sentence)")
        }
        let (kind, seen): (HandshakeFailure.Kind, Sighting) =
            switch failure.kind {
            case .foreign(let found): (.protocolViolation, .foreign(found))
            case .mechanism: (.mechanism, .zmtp(mechanism: peer.session.theirMechanism ?? "", type: nil))
            case .type: (.other, .zmtp(mechanism: security.name, type: peer.session.theirType))
            case .refused: (.authentication(peer.session.theirReason.flatMap { Int($0) } ?? 400), .nobody)
            case .malformed: (.protocolViolation, .nobody)
            case .silent: (.other, .silent)
            case .closed: (.other, seen(at: endpoint, by: peer))
            }
        let found = HandshakeFailure(kind: kind)
        // What says more stays.
        if failure.kind == .closed, failures[endpoint] != nil { return nil }
        failures[endpoint] = (found, seen)
        return warn(peer, found.error(at: endpoint, for: type, security, seen).sentence)
    }

    /// What hung up in the middle of a handshake. A libzmq that wants security does so as soon as it reads that we have none, and its
    /// own greeting may be lost with that: a look shows it.
    private mutating func seen(at endpoint: String, by peer: Peer) -> Sighting {
        if let mechanism = peer.session.theirMechanism { return .zmtp(mechanism: mechanism, type: peer.session.theirType) }
        return look(at: endpoint)
    }

    /// Whether a look at an endpoint showed a peer with whom we will never speak: a libzmq hangs up on the wrong type without a word.
    func isHopeless(_ endpoint: String) -> Bool {
        guard case .zmtp(let mechanism, let type?)? = looks[endpoint] else { return false }
        return mechanism == security.name && !self.type.canMeet(type)
    }

    private mutating func look(at endpoint: String) -> Sighting {
        if let known = looks[endpoint] { return known }
        let found = Sighting.look(at: endpoint, stop: stop)
        if !stop.isRaised { looks[endpoint] = found }
        return found
    }

    /// A connection that ended later, in an error of its peer. It may come again at once, and do the same.
    mutating func note(_ failure: Failure, ofEstablished peer: Peer) -> Notice {
        let isNews = failure.kind == .silent || warned.insert(peer.endpoint + " later").inserted
        return .connection(peer.event(.disconnected, isWarning: isNews, "the peer at \(peer.endpoint) \(failure.sentence)"))
    }

    /// One warning for each endpoint: a peer that comes again every 100 ms must not fill the terminal.
    private mutating func warn(_ peer: Peer, _ sentence: String) -> Notice {
        .connection(peer.event(.failed, isWarning: warned.insert(peer.endpoint).inserted, sentence))
    }

    /// Why nobody speaks with us though somebody accepted; `nil` where nobody accepted.
    /// - Parameter unanswered: connections that we made and whose handshakes are not done.
    mutating func failure(_ unanswered: [Peer]) -> TransportError? {
        if let (endpoint, found) = failures.min(by: { $0.key < $1.key }) {
            return found.failure.error(at: endpoint, for: type, security, found.seen)
        }
        // A peer has seconds for its handshake; who looks sooner sees the same.
        for peer in unanswered where !peer.hasSpoken {
            let seen = look(at: peer.endpoint)
            switch seen {
            case .silent, .foreign:
                return HandshakeFailure(kind: .other).error(at: peer.endpoint, for: type, security, seen)
            case .nobody, .closes, .zmtp: continue
            }
        }
        return nil
    }
}
