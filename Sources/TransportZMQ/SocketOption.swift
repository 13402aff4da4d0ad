import CZMQ
import MQCore

/// An option of zmq.h as data: its number, the C type of its value, and how a person writes it.
struct SocketOption: Sendable {
    /// The C type of the value and how the text becomes one.
    enum Encoding: Sendable {
        /// `int`, 0 or 1.
        case flag
        /// `int`.
        case int
        /// `int`, from a duration.
        case milliseconds
        /// `int`, from a duration.
        case seconds
        /// `int`, from a number of bytes.
        case bytes
        /// `int64_t`, from a number of bytes.
        case bytes64
        /// `uint64_t`.
        case unsigned64
        /// Bytes without a terminator.
        case text
    }

    let spec: OptionSpec
    let number: CInt
    let encoding: Encoding

    /// Builds the help beside the number, so that the two cannot drift apart.
    init(
        _ key: String, _ number: CInt, _ encoding: Encoding, _ range: ClosedRange<Int> = 0...Int(Int32.max), standard: String? = nil,
        scope: OptionSpec.Scope = .any, repeatable: Bool = false, help: String
    ) {
        let kind: OptionSpec.Kind =
            switch encoding {
            case .flag: .flag
            case .int, .unsigned64: .integer(range)
            case .milliseconds, .seconds: .duration
            case .bytes, .bytes64: .bytes(range)
            case .text: .text("TEXT")
            }
        spec = OptionSpec(key, kind, standard: standard, scope: scope, repeatable: repeatable, help: help)
        (self.number, self.encoding) = (number, encoding)
    }

    private static let any = Int(Int32.min)...Int(Int32.max)

    /// The options of everyday use, under names of our own.
    static let common: [SocketOption] = [
        SocketOption(
            "send-hwm", ZMQ_SNDHWM, .int, standard: "1000 to 16000, as many as 256 KiB hold", scope: .send,
            help: "messages queued for each peer before send waits; 0 is no limit"),
        SocketOption(
            "recv-hwm", ZMQ_RCVHWM, .int, standard: "16000, or the prefetch of recv", scope: .receive,
            help: "messages taken ahead from each peer; 0 is no limit"),
        SocketOption(
            "reconnect", ZMQ_RECONNECT_IVL, .milliseconds, standard: "100ms",
            help: "first pause before a lost or refused connection is tried again"),
        SocketOption(
            "reconnect-max", ZMQ_RECONNECT_IVL_MAX, .milliseconds, standard: "0", help: "the pause doubles up to this; 0 keeps it constant"),
        SocketOption(
            "heartbeat", ZMQ_HEARTBEAT_IVL, .milliseconds, standard: "0",
            help: "interval of ZMTP pings on an idle connection, to peers of ZMTP 3.1; 0 is off"),
        SocketOption(
            "heartbeat-ttl", ZMQ_HEARTBEAT_TTL, .milliseconds, standard: "0",
            help: "how long the peer waits for traffic before it drops the connection"),
        SocketOption(
            "heartbeat-timeout", ZMQ_HEARTBEAT_TIMEOUT, .milliseconds,
            help: "how long we wait for an answer to a ping; heartbeat if not given"),
        SocketOption("conflate", ZMQ_CONFLATE, .flag, standard: "no", help: "keep the last message only; breaks multipart messages"),
        SocketOption("identity", ZMQ_ROUTING_ID, .text, help: "the routing identity told to peers, 1 to 255 bytes"),
        SocketOption("keepalive", ZMQ_TCP_KEEPALIVE, .flag, help: "TCP keep-alive; the system's setting if not given"),
        SocketOption("keepalive-idle", ZMQ_TCP_KEEPALIVE_IDLE, .seconds, help: "idle time before the first probe, whole seconds"),
        SocketOption("keepalive-interval", ZMQ_TCP_KEEPALIVE_INTVL, .seconds, help: "pause between probes, whole seconds"),
        SocketOption(
            "keepalive-count", ZMQ_TCP_KEEPALIVE_CNT, .int, 1...127, help: "probes without an answer before the connection is dropped"),
        SocketOption("tos", ZMQ_TOS, .int, 0...255, help: "type-of-service byte of IP packets"),
        SocketOption("device", ZMQ_BINDTODEVICE, .text, help: "network interface to use, as eth0 (needs CAP_NET_RAW)"),
        SocketOption("socks", ZMQ_SOCKS_PROXY, .text, help: "SOCKS5 proxy to connect through, host:port"),
        SocketOption(
            "connect-timeout", ZMQ_CONNECT_TIMEOUT, .milliseconds, standard: "0",
            help: "how long one TCP connection attempt may take; 0 leaves it to the system"),
        SocketOption(
            "handshake", ZMQ_HANDSHAKE_IVL, .milliseconds, standard: "3s",
            help: "how long a peer may take for the ZMTP handshake; 0 for ever"),
        SocketOption(
            "max-message", ZMQ_MAXMSGSIZE, .bytes64, 0...Int.max, scope: .receive,
            help: "largest message taken; a peer that sends more is disconnected and not told why"),
        SocketOption("backlog", ZMQ_BACKLOG, .int, standard: "4096", help: "connections waiting to be accepted on a bound endpoint"),
        SocketOption(
            "send-buffer", ZMQ_SNDBUF, .bytes,
            help: "kernel's send buffer; the system's size if not given; where mq speaks ZMTP itself, twice that over ipc, and 128 KiB "
                + "over tcp within a host"),
        SocketOption("recv-buffer", ZMQ_RCVBUF, .bytes, help: "kernel's receive buffer; the system's size if not given"),
    ]

    /// Every other option of zmq.h that can be set, under its own name in lower case. Timeouts of single calls are missing
    /// because deadlines do their work, passwords because an address shows in `ps`, and what would break this transport
    /// (manual subscriptions, foreign descriptors).
    static let others: [SocketOption] = [
        SocketOption("affinity", ZMQ_AFFINITY, .unsigned64, 0...Int.max, help: "bit mask of the I/O threads that serve new connections"),
        SocketOption(
            "connect-routing-id", ZMQ_CONNECT_ROUTING_ID, .text, help: "router, stream: identity given to the connection that is made"),
        SocketOption("gssapi-plaintext", ZMQ_GSSAPI_PLAINTEXT, .flag, help: "GSSAPI authentication without encryption"),
        SocketOption("gssapi-principal", ZMQ_GSSAPI_PRINCIPAL, .text, help: "name of the GSSAPI principal"),
        SocketOption(
            "gssapi-principal-nametype", ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, .int, 0...2, help: "type of that name: 0 host, 1 user, 2 Kerberos"),
        SocketOption("gssapi-server", ZMQ_GSSAPI_SERVER, .flag, help: "be the server of GSSAPI"),
        SocketOption("gssapi-service-principal", ZMQ_GSSAPI_SERVICE_PRINCIPAL, .text, help: "name of the server's principal"),
        SocketOption("gssapi-service-principal-nametype", ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE, .int, 0...2, help: "type of that name"),
        SocketOption(
            "invert-matching", ZMQ_INVERT_MATCHING, .flag, help: "pub and sub: deliver what does not match (both ends must agree)"),
        SocketOption(
            "ipc-filter-gid", ZMQ_IPC_FILTER_GID, .int, repeatable: true, help: "accept only peers of this group on a bound ipc endpoint"),
        SocketOption(
            "ipc-filter-pid", ZMQ_IPC_FILTER_PID, .int, repeatable: true, help: "accept only this process on a bound ipc endpoint"),
        SocketOption(
            "ipc-filter-uid", ZMQ_IPC_FILTER_UID, .int, repeatable: true, help: "accept only peers of this user on a bound ipc endpoint"),
        SocketOption("multicast-hops", ZMQ_MULTICAST_HOPS, .int, 1...255, help: "pgm: time to live of packets"),
        SocketOption("multicast-maxtpdu", ZMQ_MULTICAST_MAXTPDU, .int, 1...65535, help: "pgm: largest packet in bytes"),
        SocketOption("probe-router", ZMQ_PROBE_ROUTER, .flag, help: "req, dealer: send an empty message on each new connection"),
        SocketOption("rate", ZMQ_RATE, .int, 1...Int(Int32.max), help: "pgm: kilobits per second"),
        SocketOption("recovery-ivl", ZMQ_RECOVERY_IVL, .milliseconds, help: "pgm: how long lost packets can be asked for again"),
        SocketOption("req-correlate", ZMQ_REQ_CORRELATE, .flag, help: "req: match replies to requests by number"),
        SocketOption("req-relaxed", ZMQ_REQ_RELAXED, .flag, help: "req: a new request may follow one without a reply"),
        SocketOption("router-handover", ZMQ_ROUTER_HANDOVER, .flag, help: "router: a new peer takes over the identity of an old one"),
        SocketOption("router-mandatory", ZMQ_ROUTER_MANDATORY, .flag, help: "router: fail when a message has no peer to go to"),
        SocketOption("router-raw", ZMQ_ROUTER_RAW, .flag, help: "router: raw TCP instead of ZMTP"),
        SocketOption(
            "stream-notify", ZMQ_STREAM_NOTIFY, .flag, standard: "no",
            help: "stream: tell of connections that begin and end by messages without bytes"),
        SocketOption(
            "tcp-accept-filter", ZMQ_TCP_ACCEPT_FILTER, .text, repeatable: true,
            help: "accept only peers of this network on a bound tcp endpoint, as 10.0.0.0/8"),
        SocketOption("tcp-maxrt", ZMQ_TCP_MAXRT, .milliseconds, help: "how long TCP repeats what is not confirmed before it gives up"),
        SocketOption("vmci-buffer-max-size", ZMQ_VMCI_BUFFER_MAX_SIZE, .unsigned64, 0...Int.max, help: "vmci: largest buffer in bytes"),
        SocketOption("vmci-buffer-min-size", ZMQ_VMCI_BUFFER_MIN_SIZE, .unsigned64, 0...Int.max, help: "vmci: smallest buffer in bytes"),
        SocketOption("vmci-buffer-size", ZMQ_VMCI_BUFFER_SIZE, .unsigned64, 0...Int.max, help: "vmci: buffer in bytes"),
        SocketOption(
            "vmci-connect-timeout", ZMQ_VMCI_CONNECT_TIMEOUT, .milliseconds, help: "vmci: how long one connection attempt may take"),
        SocketOption(
            "xpub-verbose", ZMQ_XPUB_VERBOSE, .flag, standard: "yes", scope: .send,
            help: "pub: hear of every subscription, known topics included"),
        SocketOption("xpub-verboser", ZMQ_XPUB_VERBOSER, .flag, scope: .send, help: "pub: hear of every end of a subscription too"),
        SocketOption(
            "xpub-welcome-msg", ZMQ_XPUB_WELCOME_MSG, .text, scope: .send,
            help: "pub: a first message for each new subscriber, which must subscribe to it"),
        SocketOption("zap-domain", ZMQ_ZAP_DOMAIN, .text, standard: "mq", help: "domain told to the authentication handler"),
    ]

    static let all = common + others

    /// Sets the option on `socket`.
    /// - Parameter text: the value as written, already checked; `nil` is a flag without a value.
    /// - Throws: `usage` when libzmq does not take it for this socket type.
    func apply(_ entry: OptionValues.Entry, to socket: borrowing Socket) throws(TransportError) {
        let text = entry.value ?? "yes"
        do {
            switch encoding {
            case .flag: try socket.set(number, CInt(["yes", "true", "on", "1"].contains(text) ? 1 : 0))
            case .int: try socket.set(number, CInt(clamping: Quantity.integer(text) ?? 0))
            case .bytes: try socket.set(number, CInt(clamping: Quantity.bytes(text) ?? 0))
            case .milliseconds: try socket.set(number, CInt(clamping: Self.rounded(text, to: 1_000_000)))
            case .seconds: try socket.set(number, CInt(clamping: max(1, Self.rounded(text, to: 1_000_000_000))))
            case .bytes64: try socket.set(number, Int64(Quantity.bytes(text) ?? 0))
            case .unsigned64: try socket.set(number, UInt64(clamping: Quantity.integer(text) ?? 0))
            case .text: try socket.set(number, text.rawBytes)
            }
        } catch {
            throw TransportError(
                error.code, "option \(entry.key)=\(text) is refused by libzmq for a \(socket.type.rawValue) socket", errno: error.errno)
        }
    }

    /// Rounds up, so that a short duration does not become 0, which often means "never".
    private static func rounded(_ text: String, to unit: UInt64) -> UInt64 {
        let nanoseconds = (Quantity.duration(text) ?? .zero).nanoseconds
        return nanoseconds / unit + (nanoseconds % unit > 0 ? 1 : 0)
    }
}
