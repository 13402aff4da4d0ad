import CZMQ
import MQCore

/// libzmq's monitor of one socket, read by the thread that owns the socket.
struct Monitor: ~Copyable {
    private let pair: Socket
    private(set) var peers: PeerTable
    private let notices: Notices
    /// Endpoints with whose first failure a warning is due that a look at them will make better.
    private(set) var looksDue: [String] = []
    /// Since when nobody is at an endpoint, `UInt64.max` once somebody was or it was said; and where that has been so for long.
    private var aloneSince: [String: UInt64] = [:]
    private var longAlone: [String] = []
    /// Whether the monitored socket has ended: closed, and all it held sent or given up.
    private(set) var hasStopped = false

    /// No CLOSED and no CONNECT_DELAYED: nobody reads while the program waits for its input, and they come ten times a second.
    private static let events =
        ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED
        | ZMQ_EVENT_MONITOR_STOPPED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
        | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH

    init(of socket: borrowing Socket, in context: borrowing Context, notices: Notices) throws(TransportError) {
        // Unique, since sockets of several threads may share a context.
        let name = "inproc://mq-monitor-\(UInt(bitPattern: socket.pointer))"
        let result = czmq_socket_monitor(socket.library.api, socket.pointer, name, Self.events)
        if result < 0 { throw socket.library.error(-result, "watching a socket") }
        let pair = try Socket(.pair, in: context)
        // An I/O thread that finds this queue full would block, with every connection it serves.
        try pair.set(ZMQ_RCVHWM, CInt(0))
        let connected = czmq_connect(pair.library.api, pair.pointer, name)
        if connected < 0 { throw pair.library.error(-connected, "watching a socket") }
        self.pair = pair
        peers = PeerTable(type: socket.type)
        self.notices = notices
    }

    /// Readable when there may be events; empty them before waiting.
    var descriptor: CInt { pair.descriptor }

    /// Takes every event there is.
    /// - Parameter body: called with each, after the table knows it.
    /// - Returns: whether there was any.
    @discardableResult
    mutating func drain(_ body: (MonitorEvent) -> Void = { _ in }) -> Bool {
        var any = false
        while let event = next() {
            any = true
            if event.number == ZMQ_EVENT_MONITOR_STOPPED { hasStopped = true }
            if let notice = peers.received(event) { tell(notice, event.endpoint) }
            noteAbsence(event)
            body(event)
        }
        return any
    }

    private mutating func tell(_ notice: Notice, _ endpoint: String) {
        if case .connection(let event) = notice, event.isWarning, peers.failures[endpoint] != nil {
            looksDue.append(endpoint)
        } else {
            notices(notice)
        }
    }

    private mutating func noteAbsence(_ event: MonitorEvent) {
        if event.number == ZMQ_EVENT_CONNECTED { aloneSince[event.endpoint] = .max }
        guard event.number == ZMQ_EVENT_CONNECT_RETRIED else { return }
        let now = Deadline.now()
        let since = aloneSince[event.endpoint, default: now]
        let isLong = since <= now && now - since >= Absence.patience.nanoseconds
        aloneSince[event.endpoint] = isLong ? .max : since
        if isLong { longAlone.append(event.endpoint) }
    }

    /// Takes the endpoints where nobody has been for long, each once.
    mutating func takeLongAlone() -> [String] {
        if longAlone.isEmpty { return [] }
        defer { longAlone = [] }
        return longAlone
    }

    /// Takes the endpoints to look at.
    mutating func takeLooksDue() -> [String] {
        defer { looksDue = [] }
        return looksDue
    }

    /// One event: a frame of 16 bits and 32 bits, and a frame with the endpoint.
    private func next() -> MonitorEvent? {
        let api = pair.library.api
        return withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { buffer in
            guard czmq_recv(api, pair.pointer, buffer.baseAddress, 6, ZMQ_DONTWAIT) == 6 else { return nil }
            let number = CInt(buffer.loadUnaligned(as: UInt16.self))
            let value = buffer.loadUnaligned(fromByteOffset: 2, as: CInt.self)
            let size = czmq_recv(api, pair.pointer, buffer.baseAddress, buffer.count, ZMQ_DONTWAIT)
            let text = String(decoding: buffer.prefix(max(0, min(Int(size), buffer.count))), as: UTF8.self)
            let begins = number == ZMQ_EVENT_CONNECTED || number == ZMQ_EVENT_ACCEPTED
            return MonitorEvent(
                number: number, value: value, endpoint: text, peer: begins ? SocketAddress.peer(of: value) : nil)
        }
    }
}
