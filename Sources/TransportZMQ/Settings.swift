import CZMQ
import MQCore

/// The options of an address, as a socket takes them.
struct Settings: Sendable {
    /// What a socket is opened for.
    enum Purpose: Sendable { case send, receive, request, serve, relay }

    let options: OptionValues
    let type: SocketType
    let purpose: Purpose
    /// `nil` leaves it to the address.
    let ipv6: Bool?
    let threads: Int
    let security: Security
    /// Peers that must be there before the first message is sent, and whether somebody asked for that.
    let awaitedPeers: Int
    let awaitsExplicitly: Bool
    /// Sends again, to another peer, what one that is lost may not have read.
    let resends: Bool
    /// A publisher drops at its high-water mark.
    let drops: Bool
    /// Bounds for what is queued for or from each peer.
    let sendLimit: Int?
    let receiveLimit: Int
    let buffer: Int
    /// Bounds the wait for the last messages.
    let linger: Duration?

    static let standardBuffer = 64 << 20
    /// More than libzmq's 1000: a sender that is no `mq` loses what the kernel holds when it exits while we are at the mark
    /// (libzmq issue 4660), and large marks are no slower.
    static let standardReceiveLimit = 16_000
    /// With the 100 of libzmq, a thousand peers that come at once need seconds: the kernel drops what does not fit, and they wait a
    /// second before they ask again.
    static let standardBacklog = 4096

    /// Queue for connected peers only. With several endpoints it keeps messages from waiting for a peer that is not there
    /// while others are; with a single one it would throw away what is queued when the connection breaks.
    let immediate: Bool

    init(
        _ options: OptionValues, type: SocketType, for purpose: Purpose, endpoints: [Endpoint], opening: Opening
    ) throws(TransportError) {
        self.options = options
        immediate = options.flag("immediate") ?? (endpoints.count > 1)
        (self.type, self.purpose) = (type, purpose)
        if options.has("subscribe") && !type.subscribes {
            throw TransportError(.usage, "a \(type.rawValue) socket has no subscriptions", hint: "zmq:sub:… does")
        }
        if let identity = options.text("identity"), !(1...255).contains(identity.rawBytes.count) {
            throw TransportError(.usage, "an identity has 1 to 255 bytes, this one \(identity.rawBytes.count)")
        }
        ipv6 = options.flag("ipv6")
        threads = options.integer("io-threads") ?? 1
        security = try Security(options)
        awaitedPeers = options.integer("wait-peers") ?? 1
        awaitsExplicitly = options.has("wait-peers")
        drops = options.flag("drop") ?? false
        resends = options.flag("resend") ?? false
        let both = options.integer("hwm")
        sendLimit = options.integer("send-hwm") ?? both
        receiveLimit = options.integer("recv-hwm") ?? both ?? opening.prefetch.map { max(1, $0) } ?? Self.standardReceiveLimit
        buffer = options.bytes("buffer") ?? Self.standardBuffer
        linger = options.duration("linger")
    }

    /// A DEALER of libzmq knows nothing of them.
    private static let ownRequestOptions = ["req-correlate", "req-relaxed"]

    /// Our defaults first, so that what was asked for replaces them.
    func apply(to socket: borrowing Socket) throws(TransportError) {
        try socket.set(ZMQ_HANDSHAKE_IVL, CInt(3000))
        try socket.set(ZMQ_BACKLOG, CInt(Self.standardBacklog))
        try socket.set(ZMQ_IMMEDIATE, CInt(immediate ? 1 : 0))
        try socket.set(ZMQ_SNDHWM, CInt(clamping: sendLimit ?? MessageLimit.standard.lowerBound))
        // Whom somebody was asked about, libzmq 4.3 counts as a message when it writes him to the pipe, and not when he is read
        // (pipe.cpp): a mark of 1 would be full for ever.
        let takesOne = receiveLimit == 1 && security.guests != nil
        try socket.set(ZMQ_RCVHWM, CInt(clamping: takesOne ? 2 : receiveLimit))
        if type.publishes {
            try socket.set(ZMQ_XPUB_VERBOSE, CInt(1))
            try socket.set(ZMQ_XPUB_NODROP, CInt(1))
            // Whoever reads subscriptions wants to see the end of each, too.
            if purpose == .receive { try socket.set(ZMQ_XPUB_VERBOSER, CInt(1)) }
        }
        if type == .stream { try socket.set(ZMQ_STREAM_NOTIFY, CInt(0)) }
        if type == .router && purpose == .send { try socket.set(ZMQ_ROUTER_MANDATORY, CInt(1)) }
        for entry in options.entries {
            guard let option = SocketOption.all.first(where: { $0.spec.key == entry.key }), entry.key != "send-hwm",
                entry.key != "recv-hwm",
                !Self.ownRequestOptions.contains(entry.key)
            else {
                continue
            }
            try option.apply(entry, to: socket)
        }
        guard type.subscribes, purpose == .receive else { return }
        let topics = options.texts("subscribe")
        for topic in topics.isEmpty ? [""] : topics {
            if type == .sub {
                try socket.set(ZMQ_SUBSCRIBE, topic.rawBytes)
            } else {
                // An XSUB subscribes by a message, which it repeats to each publisher it meets.
                let message = [1] + topic.rawBytes
                _ = czmq_send(socket.library.api, socket.pointer, message, message.count, ZMQ_DONTWAIT)
            }
        }
    }
}
