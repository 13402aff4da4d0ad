import MQCore
import ZMTP

/// Why a peer and we do not come to speak with each other, out of libzmq's event and one look at the peer's greeting.
struct HandshakeFailure: Equatable {
    enum Kind: Equatable {
        /// The peer said no, with a status of ZAP (RFC 27).
        case authentication(Int)
        /// Another security mechanism, as libzmq saw it.
        case mechanism
        /// Bytes that could not be decrypted, or a key exchange that made no sense.
        case keys
        case protocolViolation
        /// It hung up, or said nothing.
        case other
    }

    let kind: Kind

    /// Whether the sentence needs a look at the greeting.
    var needsLook: Bool { if case .authentication = kind { false } else { true } }

    /// The sentence and its status: `permission` for what keys or passwords decide, else `protocolViolation`.
    func error(at endpoint: String, for type: SocketType, _ security: Security.Mechanism, _ seen: Sighting) -> TransportError {
        let peer = "the peer at \(endpoint)"
        if case .authentication(let status) = kind {
            return TransportError(
                .permission, "\(peer) refused \(security.credentials) (status \(status))", hint: security.question)
        }
        switch seen {
        case .foreign(let found):
            return TransportError(.protocolViolation, "\(peer) \(found.sentence)", hint: "is the port right?")
        case .silent:
            return TransportError(
                .unreachable, "\(peer) accepts connections and says nothing", hint: "is it a ZeroMQ socket, and does it run?")
        case .closes:
            return TransportError(.unreachable, "\(peer) accepts connections and closes them", hint: "is the other end running?")
        case .zmtp(let mechanism, let socketType):
            if !mechanism.isEmpty && mechanism != security.name { return differing(peer, mechanism, security) }
            if case .none = security { return notThat(peer, type, socketType) }
        case .nobody: break
        }
        // Who offers the same mechanism speaks ZMTP, however it broke off: libzmq's client knows an ERROR only as libzmq misspells it.
        let speaks = if case .zmtp = seen { true } else { false }
        switch (kind, security) {
        case (.mechanism, _): return TransportError(.permission, "\(peer) wants another security mechanism than \(security.name)")
        case (.protocolViolation, _) where !speaks:
            return TransportError(.protocolViolation, "\(peer) does not speak ZMTP", hint: "is the port right?")
        case (_, .none): return notThat(peer, type, nil)
        default:
            return TransportError(
                .permission, "\(peer) hung up during the \(security.name) handshake", hint: security.question)
        }
    }

    private func notThat(_ peer: String, _ type: SocketType, _ found: String?) -> TransportError {
        let article = type.peers.hasPrefix("X") ? "an" : "a"
        let other = found.map { $0 == type.peers ? "" : ", it is \($0)" } ?? ""
        return TransportError(.protocolViolation, "\(peer) is not \(article) \(type.peers) socket\(other)")
    }

    private func differing(_ peer: String, _ mechanism: String, _ security: Security.Mechanism) -> TransportError {
        let theirs = mechanism == "NULL" ? "uses no security" : "wants \(mechanism)"
        let ours = security.name == "NULL" ? "this end has none" : "this end wants \(security.name)"
        let hint = mechanism == "CURVE" ? "server-key=FILE" : mechanism == "PLAIN" ? "plain=FILE" : nil
        return TransportError(.permission, "\(peer) \(theirs), and \(ours)", hint: hint)
    }
}

extension Security.Mechanism {
    /// As a greeting says it.
    var name: String {
        switch self {
        case .none: "NULL"
        case .curveServer, .curveClient: "CURVE"
        case .plainClient, .plainServer: "PLAIN"
        }
    }

    fileprivate var credentials: String {
        switch self {
        case .none: "this end"
        case .curveServer, .curveClient: "this key"
        case .plainClient, .plainServer: "this user and password"
        }
    }

    fileprivate var question: String? {
        switch self {
        case .none, .curveServer, .plainServer: nil
        case .curveClient: "is server-key its public key, and is this end's key among those it allows?"
        case .plainClient: "are the user and the password right?"
        }
    }
}
