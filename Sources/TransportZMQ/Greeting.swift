import Glibc
import MQCore

/// What answers at an endpoint: one look at its greeting (ZMTP 3.1, RFC 37), by a connection of our own.
///
/// libzmq tells of a failed handshake that it failed; who stands at the other end is to be seen in its first bytes.
enum Greeting: Equatable {
    /// No connection, or an endpoint that cannot be looked at.
    case nobody
    /// Accepts and hangs up.
    case closes
    case silent
    case http
    /// Speaks something else; its first words.
    case foreign(String)
    /// The security mechanism, and where there is none, the type of the socket.
    case zmtp(mechanism: String, type: String?)

    /// How long one answer may take.
    private static let patience = Duration.milliseconds(250)

    /// Looks once, for three answers at most.
    static func look(at endpoint: String, stop: StopFlag) -> Greeting { inspect(endpoint, stop: stop).greeting }

    /// The same, with the version of the protocol that a peer speaks and the name it gives itself.
    static func inspect(_ endpoint: String, stop: StopFlag) -> (greeting: Greeting, version: String?, identity: [UInt8]) {
        var reader: Reader?
        let greeting = look(at: endpoint, stop: stop, &reader)
        guard case .zmtp = greeting, let bytes = reader?.bytes, bytes.count > 10 else { return (greeting, nil, []) }
        let version = "\(bytes[10])" + (bytes.count > 11 && bytes[10] >= 3 ? ".\(bytes[11])" : "")
        return (greeting, version, bytes.count > 64 ? property("identity", bytes[64...]) ?? [] : [])
    }

    private static func look(at endpoint: String, stop: StopFlag, _ used: inout Reader?) -> Greeting {
        guard let descriptor = connection(to: endpoint, stop: stop) else { return .nobody }
        defer { close(descriptor) }
        var reader = Reader(descriptor: descriptor, stop: stop)
        defer { used = reader }
        // Ours: no security. A libzmq sends the first ten bytes at once, the rest when it has our version; one that wants security
        // hangs up as soon as it reads that we have none, and its own greeting may be lost with that.
        var ours = [UInt8](repeating: 0, count: 64)
        (ours[0], ours[8], ours[9], ours[10]) = (0xff, 1, 0x7f, 3)
        ours.replaceSubrange(12..<16, with: Array("NULL".utf8))
        reader.fill(to: 10)
        if reader.bytes.isEmpty && !reader.isClosed {
            // Most servers wait for a question.
            reader.say(Array("GET / HTTP/1.0\r\n\r\n".utf8))
            reader.fill(to: 10)
            if reader.bytes.isEmpty && !reader.isClosed { return .silent }
        }
        if reader.bytes.isEmpty { return .closes }
        guard reader.bytes[0] == 0xff, reader.bytes.count >= 10, reader.bytes[9] & 1 == 1 else { return words(reader.bytes) }
        let version = 12
        reader.say(Array(ours[..<version]))
        reader.fill(to: 64)
        guard reader.bytes.count >= 64 else { return .zmtp(mechanism: "", type: nil) }
        let mechanism = String(decoding: reader.bytes[12..<32].prefix { $0 != 0 }, as: UTF8.self)
        guard mechanism == "NULL" else { return .zmtp(mechanism: mechanism, type: nil) }
        reader.say(Array(ours[version...]))
        // A short command READY with its properties follows.
        reader.fill(to: 66)
        if reader.bytes.count >= 66 { reader.fill(to: 66 + Int(reader.bytes[65])) }
        return .zmtp(mechanism: mechanism, type: socketType(reader.bytes[64...]))
    }

    private static func words(_ bytes: [UInt8]) -> Greeting {
        if bytes.starts(with: Array("HTTP/".utf8)) { return .http }
        return .foreign(String(decoding: bytes.prefix(32).prefix { (0x20..<0x7f).contains($0) }, as: UTF8.self))
    }

    /// The property Socket-Type of a READY command: a name behind its length in one byte, a value behind its length in four.
    static func socketType(_ command: ArraySlice<UInt8>) -> String? {
        property("socket-type", command).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A property of a READY command, by its name in lower case.
    private static func property(_ wanted: String, _ command: ArraySlice<UInt8>) -> [UInt8]? {
        let head = Array("\u{5}READY".utf8)
        var rest = command.dropFirst(2)
        guard command.first == 4, rest.starts(with: head) else { return nil }
        rest = rest.dropFirst(head.count)
        while let length = rest.first, rest.count > Int(length) + 5 {
            let name = String(decoding: rest.dropFirst().prefix(Int(length)), as: UTF8.self)
            rest = rest.dropFirst(1 + Int(length))
            let size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard size <= rest.count else { return nil }
            if name.lowercased() == wanted { return Array(rest.prefix(size)) }
            rest = rest.dropFirst(size)
        }
        return nil
    }

    private struct Reader {
        let descriptor: CInt
        let stop: StopFlag
        var bytes: [UInt8] = []
        var isClosed = false

        /// Reads until there are `count` bytes, nothing comes for a while, or the other end hangs up.
        mutating func fill(to count: Int) {
            var buffer = [UInt8](repeating: 0, count: 512)
            let limit = Deadline.after(Greeting.patience)
            while bytes.count < count && !isClosed {
                guard case .ready = Readiness.wait(for: POLLIN, on: descriptor, until: limit, stop: stop) else { return }
                let read = recv(descriptor, &buffer, buffer.count, 0)
                if read < 0 && (errno == EINTR || errno == EAGAIN) { continue }
                if read <= 0 { isClosed = true } else { bytes += buffer[..<read] }
            }
        }

        func say(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
    }

    private static func connection(to endpoint: String, stop: StopFlag) -> CInt? {
        if endpoint.hasPrefix("ipc:///") { return local(String(endpoint.dropFirst("ipc://".count)), stop) }
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
        // Behind a semicolon, where the own end is named too.
        var host = endpoint[..<colon].dropFirst("tcp://".count)
        if let semicolon = host.lastIndex(of: ";") { host = host[host.index(after: semicolon)...] }
        if host.hasPrefix("[") { host = host.dropFirst().dropLast() }
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(String(host), String(endpoint[endpoint.index(after: colon)...]), &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var place = list
        while let entry = place?.pointee {
            if let found = connected(entry.ai_family, entry.ai_addr, entry.ai_addrlen, stop) { return found }
            place = entry.ai_next
        }
        return nil
    }

    private static func local(_ path: String, _ stop: StopFlag) -> CInt? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connected(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size), stop)
            }
        }
    }

    private static func connected(_ family: CInt, _ address: UnsafePointer<sockaddr>, _ size: socklen_t, _ stop: StopFlag) -> CInt? {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { return nil }
        if connect(descriptor, address, size) == 0 { return descriptor }
        var (error, length) = (errno, socklen_t(MemoryLayout<CInt>.size))
        if error == EINPROGRESS, case .ready = Readiness.wait(for: POLLOUT, on: descriptor, until: .after(patience), stop: stop),
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0, error == 0
        {
            return descriptor
        }
        close(descriptor)
        return nil
    }
}
