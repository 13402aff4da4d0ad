import Glibc
import MQCore
import ZMTP

/// What answers at an endpoint: one look at its greeting, by a connection of our own.
///
/// libzmq tells of a failed handshake that it failed; who stands at the other end is to be seen in its first bytes.
enum Sighting: Equatable {
    /// No connection, or an endpoint that cannot be looked at.
    case nobody
    /// Accepts and hangs up.
    case closes
    case silent
    /// Speaks something else.
    case foreign(ForeignPeer)
    /// The security mechanism, empty where it was not said, and where there is none, the type of the socket.
    case zmtp(mechanism: String, type: String?)

    /// How long one answer may take.
    private static let patience = Duration.milliseconds(250)

    /// Looks once, for three answers at most.
    static func look(at endpoint: String, stop: StopFlag) -> Sighting {
        guard let endpoint = try? Endpoint(endpoint) else { return .nobody }
        return (try? inspect(endpoint, until: .never, stop: stop))?.seen ?? .nobody
    }

    /// The same, with the minor version of ZMTP 3 that a peer speaks and the name it gives itself.
    /// - Throws: `unreachable` for a host whose name is not known, `tryAgain` when that does not come out in time.
    static func inspect(
        _ endpoint: Endpoint, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> (seen: Sighting, minor: UInt8?, identity: [UInt8]) {
        guard case .connected(let descriptor) = try connection(to: endpoint, until: deadline, stop: stop) else { return (.nobody, nil, []) }
        defer { close(descriptor) }
        var reader = Reader(descriptor: descriptor, stop: stop)
        // A libzmq sends the first ten bytes at once, the rest when it has our version; one that wants security hangs up as soon as it
        // reads that we have none, and its own greeting may be lost with that.
        let (ours, version) = (Greeting(minor: 0), 12)
        reader.fill(to: 10)
        if reader.bytes.isEmpty && !reader.isClosed {
            // Most servers wait for a question.
            reader.say(Array("GET / HTTP/1.0\r\n\r\n".utf8))
            reader.fill(to: 10)
            if reader.bytes.isEmpty && !reader.isClosed { return (.silent, nil, []) }
        }
        if reader.bytes.isEmpty { return (.closes, nil, []) }
        // Older versions say so in their first bytes and wait for no more.
        if case .foreign(let peer) = reader.greeting { return (.foreign(peer), nil, []) }
        guard reader.bytes[0] == 0xff, reader.bytes.count >= 10 else {
            return (.foreign(reader.bytes.withUnsafeBytes(ForeignPeer.init(whole:))), nil, [])
        }
        reader.say(Array(ours.bytes[..<version]))
        reader.fill(to: Greeting.size)
        switch reader.greeting {
        case .incomplete: return (.zmtp(mechanism: "", type: nil), nil, [])
        case .foreign(let peer): return (.foreign(peer), nil, [])
        case .greeting(let theirs):
            guard theirs.mechanism == ours.mechanism else { return (.zmtp(mechanism: theirs.mechanism, type: nil), theirs.minor, []) }
            reader.say(Array(ours.bytes[version...]))
            let metadata = reader.ready()
            let type = metadata?["Socket-Type"].map { String(printing: $0, most: 16) }
            return (.zmtp(mechanism: theirs.mechanism, type: type), theirs.minor, metadata?["Identity"] ?? [])
        }
    }

    private struct Reader {
        let descriptor: CInt
        let stop: StopFlag
        var bytes: [UInt8] = []
        var isClosed = false

        /// What the bytes so far are.
        var greeting: Greeting.Reading { bytes.withUnsafeBytes { Greeting.read($0) } }

        /// Reads until there are `count` bytes, nothing comes for a while, or the other end hangs up.
        mutating func fill(to count: Int) {
            var buffer = [UInt8](repeating: 0, count: 512)
            let limit = Deadline.after(Sighting.patience)
            while bytes.count < count && !isClosed {
                guard case .ready = Readiness.wait(for: POLLIN, on: descriptor, until: limit, stop: stop) else { return }
                let read = recv(descriptor, &buffer, buffer.count, 0)
                if read < 0 && (errno == EINTR || errno == EAGAIN) { continue }
                if read <= 0 { isClosed = true } else { bytes += buffer[..<read] }
            }
        }

        /// Reads the command READY that follows a greeting; `nil` when something else does, or nothing.
        mutating func ready() -> Metadata? {
            // A short frame: two bytes of header.
            let start = Greeting.size
            fill(to: start + 2)
            guard case .header(let header) = bytes[start...].withUnsafeBytes({ FrameHeader.read($0) }), header.isCommand else { return nil }
            let (body, end) = (start + header.length, start + header.length + header.size)
            guard header.size <= Metadata.largest else { return nil }
            fill(to: end)
            guard bytes.count >= end, let command = bytes[body..<end].withUnsafeBytes({ Command($0) }), command.name == "READY" else {
                return nil
            }
            return Metadata(command.data)
        }

        func say(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
    }

    /// Why nobody can be reached; `nil` where somebody can, or no answer comes.
    static func error(at endpoint: Endpoint, stop: StopFlag) -> CInt? {
        switch try? connection(to: endpoint, until: .never, stop: stop) {
        case .connected(let descriptor):
            close(descriptor)
            return nil
        case .failed(let number): return number
        case nil: return nil
        }
    }

    private enum Attempt {
        case connected(CInt)
        case failed(CInt?)
    }

    private static func connection(
        to endpoint: Endpoint, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Attempt {
        let addresses: [SocketAddress]?
        switch endpoint.medium {
        case .ipc, .abstract: addresses = (try? endpoint.unixAddress).map { [$0] }
        case .tcp(_, let host, let port):
            let limit = deadline.earlier(.after(.seconds(5)))
            addresses = try Resolver.addresses(of: host, port: port ?? 0, ipv6: true, until: limit, stop: stop)
        case .inproc, .other: addresses = nil
        }
        var number: CInt?
        for address in addresses ?? [] {
            let descriptor = address.socket()
            guard descriptor >= 0 else { return .failed(errno) }
            number = address.connect(descriptor, until: .after(patience), stop: stop)
            if number == 0 { return .connected(descriptor) }
            close(descriptor)
        }
        return .failed(number)
    }
}
