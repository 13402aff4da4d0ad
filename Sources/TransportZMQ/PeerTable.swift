import CZMQ
import MQCore

/// Who is connected, from the monitor's events: a value without input or output, so that a test can drive it.
struct PeerTable {
    struct Connection: Equatable {
        /// The descriptor inside libzmq; valid until the event that removes the connection was sent.
        var descriptor: CInt
        var endpoint: String
        /// Whether we asked for it; the other kind was accepted on a bound endpoint.
        var outgoing: Bool
        var established: Bool
        /// The address of the other end.
        var peer: String?
    }

    let type: SocketType
    private(set) var connections: [Connection] = []
    /// Handshakes that succeeded so far.
    private(set) var handshakes = 0
    /// Connections that ended after their handshake.
    private(set) var departures = 0
    /// Endpoints whose handshake just failed: the connection that goes next is the one.
    private var failing: Set<String> = []
    private var warned: Set<String> = []
    /// Why we do not speak with the peers that we connect to, by endpoint.
    private(set) var failures: [String: HandshakeFailure] = [:]

    init(type: SocketType) { self.type = type }

    /// Peers that speak with us now.
    var established: Int { connections.count { $0.established } }

    /// Takes one event; what it tells a person, if anything.
    mutating func received(_ event: MonitorEvent) -> Notice? {
        switch event.number {
        case ZMQ_EVENT_CONNECTED, ZMQ_EVENT_ACCEPTED:
            let outgoing = event.number == ZMQ_EVENT_CONNECTED
            // The number can only be free again if its last connection is gone.
            connections.removeAll { $0.descriptor == event.value }
            // Raw TCP has no handshake.
            let isRaw = type == .stream
            connections.append(
                Connection(descriptor: event.value, endpoint: event.endpoint, outgoing: outgoing, established: isRaw, peer: event.peer))
            guard isRaw else { return nil }
            handshakes += 1
            return .connection(
                ConnectionEvent(.connected, at: event.endpoint, peer: event.peer, "connected with a peer at \(event.endpoint)"))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL where type == .stream: return nil
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            // The event does not say whose: the oldest without one, corrected when a handshake fails.
            var peer: String?
            if let index = connections.firstIndex(where: { $0.endpoint == event.endpoint && !$0.established }) {
                connections[index].established = true
                peer = connections[index].peer
            }
            handshakes += 1
            failures[event.endpoint] = nil
            return .connection(
                ConnectionEvent(.connected, at: event.endpoint, peer: peer, "connected with a peer at \(event.endpoint)"))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            failing.insert(event.endpoint)
            // On a bound endpoint that is anybody who looks in: a port scanner, another mq that asks whether we live.
            guard connections.contains(where: { $0.endpoint == event.endpoint && $0.outgoing }) else {
                return .connection(
                    ConnectionEvent(.failed, at: event.endpoint, "a visitor at \(event.endpoint) left without a handshake"))
            }
            // The end that notices first hangs up, so this is what the other end sees of a wrong type too.
            return failed(event, .other, Self.mismatch(type))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            let (kind, words) = Self.reason(event.value, type)
            return failed(event, kind, words)
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            return failed(event, .authentication(Int(event.value)), "was refused by authentication (status \(event.value))")
        case ZMQ_EVENT_DISCONNECTED:
            return disconnected(event)
        case ZMQ_EVENT_CONNECT_RETRIED:
            guard warned.insert("retry \(event.endpoint)").inserted else { return nil }
            return .connection(Absence.event(event.endpoint, nil, isLong: false))
        case ZMQ_EVENT_ACCEPT_FAILED:
            return warn(
                "accept \(event.endpoint)", event, "a connection to \(event.endpoint) could not be accepted (error \(event.value))")
        default:
            return nil
        }
    }

    private mutating func disconnected(_ event: MonitorEvent) -> Notice? {
        let failed = failing.remove(event.endpoint) != nil
        guard let index = connections.firstIndex(where: { $0.descriptor == event.value }) else { return nil }
        var gone = connections.remove(at: index)
        if failed && gone.established {
            gone.established = false
            if let other = connections.firstIndex(where: { $0.endpoint == event.endpoint && !$0.established }) {
                connections[other].established = true
            } else {
                handshakes -= 1
            }
        }
        if gone.established {
            departures += 1
            return .connection(
                ConnectionEvent(.disconnected, at: event.endpoint, peer: gone.peer, "peer at \(event.endpoint) disconnected"))
        }
        if failed { return nil }
        if gone.outgoing { note(event.endpoint, .other) }
        return warn(event.endpoint, event, "the peer at \(event.endpoint) \(Self.mismatch(type))")
    }

    private mutating func failed(_ event: MonitorEvent, _ kind: HandshakeFailure.Kind, _ words: String) -> Notice? {
        failing.insert(event.endpoint)
        if connections.contains(where: { $0.endpoint == event.endpoint && $0.outgoing }) { note(event.endpoint, kind) }
        return warn(event.endpoint, event, "the peer at \(event.endpoint) \(words)")
    }

    /// What says more stays.
    private mutating func note(_ endpoint: String, _ kind: HandshakeFailure.Kind) {
        if kind == .other && failures[endpoint] != nil { return }
        failures[endpoint] = HandshakeFailure(kind: kind)
    }

    /// Endpoints that accepted us and where no handshake came to its end yet.
    var unanswered: [String] { connections.filter { $0.outgoing && !$0.established }.map(\.endpoint) }

    /// One warning for each subject: a peer that comes again every 100 ms must not fill the terminal.
    private mutating func warn(_ subject: String, _ event: MonitorEvent, _ sentence: String) -> Notice {
        .connection(ConnectionEvent(.failed, at: event.endpoint, isWarning: warned.insert(subject).inserted, sentence))
    }

    private static func mismatch(_ type: SocketType) -> String { "is not a \(type.peers) socket" }

    /// ZMQ_PROTOCOL_ERROR_* of zmq_socket_monitor(3).
    private static func reason(_ code: CInt, _ type: SocketType) -> (HandshakeFailure.Kind, String) {
        switch UInt32(bitPattern: code) {
        case 0x1000_0016, 0x1000_0018: (.other, mismatch(type))
        case 0x1100_0001: (.keys, "could not prove its key (is server-key right?)")
        case 0x1100_0002: (.mechanism, "wants another security mechanism (NULL, PLAIN and CURVE do not mix)")
        case 0x1000_0003, 0x1000_0013, 0x1000_0014, 0x1000_0017: (.keys, "failed the key exchange (are the keys right?)")
        case 0x1000_0015: (.other, "refused the handshake (wrong socket type, or not allowed)")
        case 0x2000_0000...0x2000_00ff: (.authentication(500), "could not be authenticated (the handler's answer is broken)")
        default: (.protocolViolation, "did not speak ZMTP (is it a ZeroMQ socket?)")
        }
    }
}
