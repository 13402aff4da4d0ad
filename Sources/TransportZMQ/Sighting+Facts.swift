import MQCore
import ZMTP

extension Sighting {
    /// What a peer says of itself.
    /// - Parameter type: of the socket that would connect; `nil` takes any peer.
    /// - Throws: `unreachable`, or `protocolViolation` for what is no peer of that type.
    func facts(of endpoint: Endpoint, for type: SocketType?) throws(TransportError) -> [Fact] {
        let peer = "the peer at \(endpoint.text)"
        switch self {
        case .nobody:
            throw TransportError(.unreachable, "nobody listens at \(endpoint.text)", hint: "is the other end running?", isRetriable: true)
        case .zmtp(let mechanism, let found):
            if let type, let found, !type.canMeet(found) {
                throw TransportError(.protocolViolation, "\(peer) is a \(found) socket, and a \(type.rawValue) socket wants \(type.peers)")
            }
            return [
                Fact("mechanism", "Mechanism", .text(mechanism.isEmpty ? "unknown" : mechanism)),
                Fact("type", "Socket type", .text(found ?? "unknown")),
            ]
        default:
            throw HandshakeFailure(kind: .other).error(at: endpoint.text, for: type ?? .pair, .none, self)
        }
    }
}

extension SocketType {
    /// Whether a socket of this type and one of that name can be connected (RFC 28 to 31).
    func canMeet(_ name: String) -> Bool {
        Role(rawValue: rawValue)?.peers.contains { $0.name == name } ?? false
    }
}
