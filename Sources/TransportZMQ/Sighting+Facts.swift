import MQCore
import ZMTP

extension Sighting {
    /// What a peer says of itself.
    /// - Parameters:
    ///   - type: of the socket that would connect; `nil` takes any peer.
    ///   - security: of the same.
    /// - Throws: `unreachable`, `protocolViolation` for what is no peer of that type, `permission` for one of another security.
    func facts(of endpoint: Endpoint, for type: SocketType?, _ security: Security.Mechanism) throws(TransportError) -> [Fact] {
        let peer = "the peer at \(endpoint.text)"
        switch self {
        case .nobody:
            throw TransportError(.unreachable, "nobody listens at \(endpoint.text)", hint: "is the other end running?", isRetriable: true)
        case .zmtp(let mechanism, _) where !mechanism.isEmpty && mechanism != security.name:
            throw HandshakeFailure(kind: .mechanism).error(at: endpoint.text, for: type ?? .pair, security, self)
        case .zmtp(let mechanism, let found):
            if let type, let found, !type.canMeet(found) {
                throw TransportError(.protocolViolation, "\(peer) is a \(found) socket, and a \(type.rawValue) socket wants \(type.peers)")
            }
            return [
                Fact("mechanism", "Mechanism", .text(mechanism.isEmpty ? "unknown" : mechanism)),
                Fact("type", "Socket type", .text(found ?? "unknown")),
            ]
        default:
            throw HandshakeFailure(kind: .other).error(at: endpoint.text, for: type ?? .pair, security, self)
        }
    }
}

extension SocketType {
    /// Whether a socket of this type and one of that name can be connected (RFC 28 to 31).
    func canMeet(_ name: String) -> Bool {
        Role(rawValue: rawValue)?.peers.contains { $0.name == name } ?? false
    }
}
