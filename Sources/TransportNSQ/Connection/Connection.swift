internal import Glibc
internal import MQCore
internal import MQNet

/// One connection to an nsqd, negotiated: bytes and layers, no meaning. One thread at a time uses it.
final class Connection {
    private let socket: Socket
    let peer: Peer
    private(set) var negotiated: Negotiated!
    var decoder = FrameDecoder()
    /// Outermost first, as bytes come in: TLS, then compression. Mostly there is none.
    private var layers: [any StreamLayer] = []
    /// Bytes for the wire that the socket has not taken yet, from `sent` on.
    private var output: [UInt8] = []
    private var sent = 0
    private var scratch: [UInt8] = []
    private var plain: [UInt8] = []
    /// When bytes last went out, on the monotonic clock: nsqd drops a client that is silent for two heartbeats.
    private(set) var lastWrite: UInt64 = 0
    /// When bytes last came in.
    private(set) var lastRead: UInt64
    let clocks: Clocks
    let heartbeat: UInt64

    /// Connects, introduces itself and proves who it is.
    /// - Throws: `unreachable`, `protocolViolation`, `permission`, `configuration`; `tryAgain` when `deadline` passes or `stop` is raised.
    init(to peer: Peer, _ settings: ConnectionSettings, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        self.peer = peer
        clocks = settings.clocks
        lastRead = clocks.monotonic()
        heartbeat = UInt64(settings.identification.heartbeat) * 1_000_000
        socket = try Socket(to: peer, resolve: settings.resolve, until: deadline, stop: stop)
        var opening = Command.magic
        Command.identify(settings.identification.json, into: &opening)
        try exchange(opening, until: deadline, stop: stop) { (connection, frame) throws(TransportError) in
            connection.negotiated = try Negotiated(frame.data)
        }
        try negotiated.check(settings.identification)
        try addLayers(settings, until: deadline, stop: stop)
        guard negotiated.requiresAuth else { return }
        guard let secret = try settings.secret() else { throw ServerError("E_AUTH_FIRST").error }
        var command: [UInt8] = []
        Command.auth(secret, into: &command)
        try exchange(command, until: deadline, stop: stop)
    }

    private func addLayers(_ settings: ConnectionSettings, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        if let choice = settings.tls {
            let tls = try TLSLayer(choice.settings(for: peer))
            try tls.start(into: &output)
            try add(tls, until: deadline, stop: stop)
        }
        switch settings.identification.compression {
        case .none: break
        case .snappy: try add(try SnappyLayer(), until: deadline, stop: stop)
        case .deflate(let level): try add(try DeflateLayer(level: level), until: deadline, stop: stop)
        }
    }

    /// Puts a layer on the stream; nsqd says OK through it, in the same packet as what came before if it likes.
    private func add(_ layer: any StreamLayer, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        let early = decoder.takeRest()
        layers.append(layer)
        if !early.isEmpty { try take(early, from: layers.count - 1) }
        try exchange([], until: deadline, stop: stop)
    }

    // MARK: - Bytes

    var descriptor: CInt { socket.descriptor }
    /// Our end, by which nsqd knows us.
    private(set) lazy var localAddress = socket.localAddress
    /// Whether the socket has not taken everything yet.
    var hasOutput: Bool { sent < output.count }

    /// Sends what the socket takes now; the rest waits for `flush`.
    func send(_ bytes: [UInt8]) throws(TransportError) {
        guard !bytes.isEmpty else { return }
        if layers.isEmpty && !hasOutput {
            let taken = try write(bytes, from: 0)
            if taken < bytes.count { output.append(contentsOf: bytes[taken...]) }
            return
        }
        if layers.isEmpty {
            output.append(contentsOf: bytes)
        } else {
            var wire = bytes
            for layer in layers.reversed() { wire = try encode(wire, layer) }
            output.append(contentsOf: wire)
        }
        try flush()
    }

    private func encode(_ bytes: [UInt8], _ layer: any StreamLayer) throws(TransportError) -> [UInt8] {
        var wire: [UInt8] = []
        try bytes.lend { (lent) throws(TransportError) in try layer.encode(lent, into: &wire) }
        return wire
    }

    /// Goes on with what the socket did not take.
    func flush() throws(TransportError) {
        guard hasOutput else { return }
        sent += try write(output, from: sent)
        if sent == output.count {
            output.removeAll(keepingCapacity: output.capacity <= 1 << 20)
            sent = 0
        }
    }

    private func write(_ bytes: [UInt8], from start: Int) throws(TransportError) -> Int {
        var place = start
        var failure: CInt = 0
        bytes.withUnsafeBytes { buffer in
            while place < buffer.count && failure == 0 {
                let result = Glibc.send(descriptor, buffer.baseAddress! + place, buffer.count - place, Int32(MSG_NOSIGNAL))
                if result >= 0 { place += result } else if errno != EINTR { failure = errno }
            }
        }
        if place > start { lastWrite = clocks.monotonic() }
        guard failure == 0 || failure == EAGAIN else { throw broken(failure) }
        return place - start
    }

    /// Reads what is there into the decoder.
    /// - Returns: whether anything came.
    /// - Throws: `unreachable` when nsqd has gone, after what it said last was read.
    @discardableResult
    func receive() throws(TransportError) -> Bool {
        if layers.isEmpty {
            let room = decoder.room(1 << 16)
            let count = try read(room)
            decoder.filled(count)
            return count > 0
        }
        if scratch.isEmpty { scratch = [UInt8](repeating: 0, count: 1 << 16) }
        var count = 0
        var failure: TransportError?
        scratch.withUnsafeMutableBytes { buffer in
            do throws(TransportError) { count = try read(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        if count > 0 { try take(Array(scratch[..<count]), from: 0) }
        return count > 0
    }

    /// Passes bytes from the wire through the layers from `first` inwards.
    private func take(_ bytes: [UInt8], from first: Int) throws(TransportError) {
        var current = bytes
        for index in first..<layers.count {
            plain.removeAll(keepingCapacity: true)
            var replies: [UInt8] = []
            let result = Result { () throws(TransportError) in
                try current.lend { (lent) throws(TransportError) in
                    try self.layers[index].decode(lent, into: &self.plain, replies: &replies)
                }
            }
            if !replies.isEmpty {
                // What a layer has to say goes out even when it gives up.
                for outer in layers[..<index].reversed() { replies = try encode(replies, outer) }
                output.append(contentsOf: replies)
                try flush()
            }
            try result.get()
            swap(&current, &plain)
        }
        current.withUnsafeBytes { decoder.append($0) }
    }

    private func read(_ room: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int {
        while true {
            let count = recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 {
                lastRead = clocks.monotonic()
                return count
            }
            if count == 0 { throw broken(0) }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { throw broken(errno) }
        }
    }

    /// Why a connection is given up on which nothing has come for two heartbeats.
    var silence: TransportError {
        let period = Quantity.words(.nanoseconds(Int64(2 * heartbeat)))
        return TransportError(
            .unreachable, "nsqd has missed two heartbeats: nothing was heard for \(period)", remedy: .retry, isRetriable: true)
    }

    /// Says that we are there.
    func answerHeartbeat() throws(TransportError) {
        var bytes: [UInt8] = []
        Command.noOperation(into: &bytes)
        try send(bytes)
    }

    private func broken(_ number: CInt) -> TransportError {
        let words = number == 0 || number == ECONNRESET || number == EPIPE ? "connection closed by peer" : SystemError.words(number)
        return TransportError(.unreachable, words, hint: "is nsqd still running?", remedy: .retry, errno: number, isRetriable: true)
    }

    /// Says that nothing more will be sent, so that nsqd reads everything before it ends.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Waiting for an answer, while the connection is being made

    /// Sends and waits for the one answer, heartbeats aside.
    /// - Throws: what an error frame says.
    func exchange(
        _ bytes: [UInt8], until deadline: Deadline, stop: StopFlag,
        _ accept: (Connection, Frame) throws(TransportError) -> Void = { (_, _) throws(TransportError) in }
    ) throws(TransportError) {
        try send(bytes)
        while true {
            if let frame = try decoder.next() {
                if frame.kind == .error { throw ServerError(frame.text).error }
                if frame.isText(Self.heartbeatText) {
                    try answerHeartbeat()
                    continue
                }
                guard frame.kind == .response else {
                    throw TransportError(.protocolViolation, "nsqd sent a message before it was asked to")
                }
                return try accept(self, frame)
            }
            let events = Int32(POLLIN) | (hasOutput ? Int32(POLLOUT) : 0)
            switch Readiness.wait(for: events, on: descriptor, until: deadline, stop: stop) {
            case .ready: break
            case .stopped: throw TransportError(.tryAgain, "interrupted while connecting")
            case .deadlinePassed:
                throw TransportError(.unreachable, "\(peer.text): no answer in time", hint: "is this an nsqd?", isRetriable: true)
            }
            try flush()
            try receive()
        }
    }

    /// What nsqd says now and then, and wants answered.
    static let heartbeatText: StaticString = "_heartbeat_"
}

extension TransportError {
    /// Whether a connection that stood was ended by its peer or by the network.
    var isReset: Bool { code == .unreachable && errno != nil }
}

extension [UInt8] {
    /// Lends the bytes to something that throws the product's error.
    func lend(_ body: (UnsafeRawBufferPointer) throws(TransportError) -> Void) throws(TransportError) {
        var failure: TransportError?
        withUnsafeBytes { bytes in
            do throws(TransportError) { try body(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
